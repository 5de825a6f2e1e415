// The rows of a form put in order by hand: by dragging a handle, or with the keyboard on it. Without this file the
// numbers and the buttons beside them do the same. Nothing is filed before the form is sent.
//
// <tbody data-order="status-id"> <tr data-name="…" [data-fixed]> … <input data-place> … <button data-handle hidden>
// Rows with data-fixed keep their order among each other.

for (const list of document.querySelectorAll("[data-order]")) {
  const status = document.getElementById(list.dataset.order);
  const rows = () => [...list.rows];
  const placeOf = (row) => `Platz ${rows().indexOf(row) + 1} von ${list.rows.length}`;
  const say = (row, text) => { status.textContent = `„${row.dataset.name}“: ${text}`; };
  let held = null; // {row, from, by}: what is moved, its place before, and whether by "keys" or "pointer".

  // One place up (-1) or down (1). The neighbour goes round the row, so that the row keeps focus and pointer.
  const step = (row, way) => {
    const other = way < 0 ? row.previousElementSibling : row.nextElementSibling;
    if (!other) return false;
    if ("fixed" in row.dataset && "fixed" in other.dataset) {
      say(row, "Versandte Punkte behalten ihre Reihenfolge.");
      return false;
    }
    if (way < 0) row.after(other);
    else row.before(other);
    rows().forEach((one, at) => { one.querySelector("[data-place]").value = at + 1; });
    return true;
  };

  const take = (row, by) => {
    held = { row, from: rows().indexOf(row), by };
    row.classList.add("held");
    row.querySelector("[data-handle]").setAttribute("aria-pressed", "true");
  };

  const drop = (text) => {
    const { row } = held;
    row.classList.remove("held");
    row.querySelector("[data-handle]").setAttribute("aria-pressed", "false");
    held = null;
    say(row, text);
  };

  const release = () => {
    const { row, from } = held;
    const moved = rows().indexOf(row) !== from;
    drop(moved ? `abgelegt auf ${placeOf(row)}. Noch nicht gespeichert.` : `abgelegt auf ${placeOf(row)}, wie vorher.`);
  };

  const cancel = () => {
    const { row, from } = held;
    for (let at = rows().indexOf(row); at !== from; at = rows().indexOf(row)) {
      if (!step(row, at > from ? -1 : 1)) break;
    }
    drop(`zurück auf ${placeOf(row)}.`);
  };

  for (const handle of list.querySelectorAll("[data-handle]")) {
    const row = handle.closest("tr");
    handle.hidden = false;
    handle.setAttribute("aria-pressed", "false");

    handle.addEventListener("keydown", (event) => {
      const keys = held?.row === row && held.by === "keys";
      if (event.key === " " || event.key === "Enter") {
        event.preventDefault();
        if (event.repeat) return;
        if (keys) release();
        else if (!held) {
          take(row, "keys");
          say(row, `aufgenommen, ${placeOf(row)}. Pfeiltasten schieben, Leertaste legt ab, Escape bricht ab.`);
        }
      } else if (keys && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
        event.preventDefault();
        if (step(row, event.key === "ArrowUp" ? -1 : 1)) {
          say(row, `${placeOf(row)}.`);
          row.scrollIntoView({ block: "nearest" });
        }
      } else if (keys && event.key === "Escape") {
        event.preventDefault();
        cancel();
      }
    });
    handle.addEventListener("blur", () => { if (held?.row === row && held.by === "keys") release(); });

    handle.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || held?.by === "pointer") return;
      event.preventDefault();
      handle.focus({ preventScroll: true });
      if (held) release();
      handle.setPointerCapture(event.pointerId);
      take(row, "pointer");
    });
    handle.addEventListener("pointermove", (event) => {
      if (held?.row !== row || held.by !== "pointer") return;
      const middle = (other) => { const box = other.getBoundingClientRect(); return box.top + box.height / 2; };
      while (row.previousElementSibling && event.clientY < middle(row.previousElementSibling) && step(row, -1));
      while (row.nextElementSibling && event.clientY > middle(row.nextElementSibling) && step(row, 1));
      row.scrollIntoView({ block: "nearest" });
    });
    handle.addEventListener("pointerup", () => { if (held?.row === row && held.by === "pointer") release(); });
    handle.addEventListener("pointercancel", () => { if (held?.row === row && held.by === "pointer") cancel(); });
  }
}
