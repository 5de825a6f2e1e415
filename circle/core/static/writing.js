// Several people write the text of an item at the same time. Without this file, or without a connection, the page is a
// form that is merged with what others wrote. The field stays a plain textarea: spelling, dictation, screen readers and
// the browser's search go on working. Its text lives in a replicated document (Yjs); the server keeps every change
// before it says that it is saved.
import { Doc, UndoManager, applyUpdate, encodeStateAsUpdate, encodeStateVector, mergeUpdates } from "/static/vendor/yjs/yjs.min.js";

const STATE = 0, UPDATE = 1, KNOWN = 2; // The first byte of a message, as in circle/meetings/writing/desk.py.
const GATHER_MS = 120; // What is typed within it goes out as one change.
const PATIENCE_MS = 6000; // Without a first answer by then the page stays a form.
const FIRST_WAIT_MS = 400, LONGEST_WAIT_MS = 15000;
const KEPT_MS = 12 * 3600 * 1000; // What was not sent for so long is not sent any more.
const OFFLINE = "Keine Verbindung. Sie können weiterschreiben, es wird nachgetragen.";
const OVER = {
  4401: "Ihre Anmeldung ist beendet. Bitte melden Sie sich neu an; was Sie geschrieben haben, wird dann nachgetragen.",
  4403: "Sie dürfen diesen Text nicht mehr ändern. Bitte kopieren Sie, was Sie noch brauchen.",
  4404: "Diesen Text gibt es für Sie nicht mehr. Bitte kopieren Sie, was Sie noch brauchen.",
  4409: "Dieser Text wird nicht mehr geändert. Bitte kopieren Sie, was Sie noch brauchen.",
  4400: "Diese Änderung war nicht zu speichern. Bitte kopieren Sie Ihren Text und laden Sie die Seite neu.",
  1009: "Der Text ist zu lang. Bitte kopieren Sie ihn, laden Sie die Seite neu und kürzen Sie ihn.",
};

const REMOTE = {}, LOCAL = {};

const frame = (kind, bytes) => {
  const message = new Uint8Array(bytes.length + 1);
  message[0] = kind;
  message.set(bytes, 1);
  return message;
};

const toText = (bytes) => {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
};

const fromText = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

// An emoji is two units of a JavaScript string. A change that parts them would leave two broken signs.
const partsPair = (text, at) =>
  at > 0 && at < text.length && /[\uD800-\uDBFF]/.test(text[at - 1]) && /[\uDC00-\uDFFF]/.test(text[at]);

/** What turned `before` into `after`: the place, how much went, and what came. `caret`: the end of what was typed. */
const difference = (before, after, caret) => {
  const most = Math.min(before.length, after.length);
  let start = 0, end = 0;
  while (start < most && start < caret && before[start] === after[start]) start++;
  while (start > 0 && (partsPair(before, start) || partsPair(after, start))) start--;
  while (end < most - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  while (end > 0 && (partsPair(before, before.length - end) || partsPair(after, after.length - end))) end--;
  return { start, gone: before.length - start - end, text: after.slice(start, after.length - end) };
};

const begin = (form) => {
  const field = form.elements.namedItem("text");
  const status = form.querySelector("[data-writing-status]");
  const others = form.querySelector("[data-writing-others]");
  const save = form.querySelector("[data-writing-save]");
  const tools = form.querySelector("[data-writing-tools]");
  const lines = document.querySelector("[data-writing-lines]");
  const doc = new Doc(), text = doc.getText("text");
  const undo = new UndoManager(text, { captureTimeout: 600, trackedOrigins: new Set([LOCAL]) });
  let socket = null, live = false, greeted = false, over = false, composing = false, wait = FIRST_WAIT_MS, known = "";
  let gathered = [], gathering = 0, unsaved = 0, savedAt = "", linesTold = null, linesTimer = 0, linesTouched = false;

  const say = (words) => {
    if (status.textContent !== words) status.textContent = words;
  };

  // Said to readers' ears rarely: the time of each save stands there for eyes, but only a change of state is announced.
  const tell = () => {
    if (over) return;
    const connected = greeted && socket.readyState === WebSocket.OPEN;
    status.setAttribute("aria-live", connected && savedAt && !gathered.length ? "off" : "polite");
    if (!connected) say(live ? OFFLINE : "Verbindung wird aufgebaut …");
    else if (gathered.length || unsaved) say(savedAt ? status.textContent : "Wird gespeichert …");
    else say(savedAt ? `Gespeichert um ${savedAt}` : "Verbunden. Was Sie schreiben, wird sofort gespeichert.");
  };

  // A copy for the time without a connection; it goes once everything is kept, and at sign-out (app.js).
  const keep = () => {
    try {
      if (gathered.length || unsaved) {
        localStorage.setItem(form.dataset.keep, `${Date.now()} ${toText(encodeStateAsUpdate(doc))}`);
      } else forget();
    } catch { /* A browser that keeps nothing still sends everything once the connection is back. */ }
  };

  const forget = () => {
    try { localStorage.removeItem(form.dataset.keep); } catch { /* Nothing was kept. */ }
  };

  const restore = () => {
    try {
      const [at, copy] = (localStorage.getItem(form.dataset.keep) ?? "").split(" ");
      if (!copy) return;
      if (Date.now() - Number(at) < KEPT_MS) {
        applyUpdate(doc, fromText(copy), REMOTE);
        unsaved = 1; // Until the server says what it knows already.
      } else forget();
    } catch { forget(); }
  };

  const flush = () => {
    clearTimeout(gathering);
    gathering = 0;
    // Not before the server has said what it knows: a gap in what one hand wrote is filled badly afterwards.
    if (!gathered.length || !greeted || socket.readyState !== WebSocket.OPEN) return;
    socket.send(frame(UPDATE, mergeUpdates(gathered)));
    gathered = [];
    unsaved++;
  };

  doc.on("update", (update, origin) => {
    if (origin === REMOTE) return;
    gathered.push(update);
    gathering ||= setTimeout(flush, GATHER_MS);
    keep();
    tell();
  });

  // What was typed into the field goes into the document as the smallest change.
  const push = () => {
    if (field.value === known) return;
    const change = difference(known, field.value, field.selectionEnd);
    known = field.value;
    doc.transact(() => {
      if (change.gone) text.delete(change.start, change.gone);
      if (change.text) text.insert(change.start, change.text);
    }, LOCAL);
  };

  // What the document says goes into the field; caret and selection stay at their words.
  const show = (event) => {
    let { selectionStart: from, selectionEnd: to, selectionDirection: direction, scrollTop } = field;
    let at = 0;
    for (const step of event?.delta ?? []) {
      if (step.retain) at += step.retain;
      else if (step.insert) {
        if (at < from) from += step.insert.length;
        if (at < to) to += step.insert.length;
        at += step.insert.length;
      } else {
        from -= Math.max(0, Math.min(step.delete, from - at));
        to -= Math.max(0, Math.min(step.delete, to - at));
      }
    }
    field.value = known = text.toString();
    if (document.activeElement === field) field.setSelectionRange(from, to, direction);
    field.scrollTop = scrollTop;
  };

  let missed = false;
  text.observe((event, transaction) => {
    if (transaction.origin === LOCAL) return;
    if (composing) missed = true;
    else if (live) show(event);
  });

  field.addEventListener("compositionstart", () => { composing = true; });
  field.addEventListener("compositionend", () => {
    composing = false;
    if (!live) return;
    if (!missed) return push();
    // Others wrote while an accent was composed: what it changed goes on top of what they wrote, as near as it was.
    missed = false;
    const change = difference(known, field.value, field.selectionEnd);
    const shared = text.toString();
    const moved = difference(known, shared, shared.length);
    const start = change.start <= moved.start ? change.start
      : Math.min(shared.length, Math.max(moved.start, change.start + moved.text.length - moved.gone));
    known = shared;
    doc.transact(() => {
      if (change.gone) text.delete(start, Math.min(change.gone, shared.length - start));
      if (change.text) text.insert(start, change.text);
    }, LOCAL);
    show();
    field.setSelectionRange(start + change.text.length, start + change.text.length);
  });
  field.addEventListener("input", () => { if (live && !composing) push(); });

  // Take back one's own words alone; the browser's own memory holds states in which others' words were missing.
  const step = (back) => { if (live) (back ? undo.undo() : undo.redo()); };
  field.addEventListener("beforeinput", (event) => {
    if (!live || (event.inputType !== "historyUndo" && event.inputType !== "historyRedo")) return;
    event.preventDefault();
    step(event.inputType === "historyUndo");
  });
  field.addEventListener("keydown", (event) => {
    if (!live || !(event.ctrlKey || event.metaKey) || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    step(key === "z" && !event.shiftKey);
  });

  form.addEventListener("submit", (event) => {
    if (!live) return;
    event.preventDefault(); // All is on its way already.
    flush();
  });

  // A letter at the beginning of a line says what the line stands for.
  const insert = (prefix) => {
    const { value, selectionStart: caret } = field;
    const start = value.lastIndexOf("\n", caret - 1) + 1;
    const lineEnd = value.indexOf("\n", caret) < 0 ? value.length : value.indexOf("\n", caret);
    const fresh = value.slice(start, lineEnd).trim() && caret === lineEnd ? "\n" + prefix : prefix;
    const place = fresh === prefix ? start : lineEnd;
    field.focus();
    field.setSelectionRange(place, place);
    field.setRangeText(fresh, place, place, "end");
    field.setSelectionRange(place + fresh.length, place + fresh.length);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  tools.addEventListener("click", (event) => {
    const prefix = event.target.closest("[data-insert]")?.dataset.insert;
    if (prefix) insert(prefix);
  });
  tools.hidden = false;

  // The cards below follow the lines, but not while somebody fills one in.
  lines?.addEventListener("input", () => { linesTouched = true; });
  const refreshLines = () => {
    const now = (text.toString().match(/^[ \t]{0,3}(?:[-*+][ \t]+)?[ABW]:.*$/gm) ?? []).join("\n");
    if (linesTold === null) linesTold = now;
    clearTimeout(linesTimer);
    if (!lines?.hasAttribute("hx-get") || now === linesTold) return;
    linesTimer = setTimeout(() => {
      if (linesTouched || lines.contains(document.activeElement)) return;
      linesTold = now;
      lines.dispatchEvent(new CustomEvent("written"));
    }, 900);
  };

  const heard = (said) => {
    if (said.saved) {
      unsaved = Math.max(0, unsaved - 1);
      savedAt = said.saved;
      keep();
      tell();
      refreshLines();
    }
    if (said.others) {
      others.hidden = !said.others.length;
      others.textContent = said.others.length ? `${said.others.join(", ")} schreibt mit.`.replace(/, ([^,]*) schreibt/, " und $1 schreiben") : "";
    }
  };

  // The first answer: from here on the field is the document.
  const goLive = () => {
    live = true;
    show();
    field.readOnly = false;
    save.hidden = true;
  };

  const open = () => {
    socket = new WebSocket(new URL(form.dataset.writing, location.href).href.replace(/^http/, "ws"));
    socket.binaryType = "arraybuffer";
    socket.onopen = () => socket.send(frame(STATE, encodeStateVector(doc)));
    socket.onmessage = ({ data }) => {
      if (over) return;
      if (typeof data === "string") return heard(JSON.parse(data));
      const bytes = new Uint8Array(data), content = bytes.subarray(1);
      if (bytes[0] === KNOWN) {
        // All that the server lacks, sent or not: the acknowledgements of the old connection do not come any more.
        const lacking = encodeStateAsUpdate(doc, content);
        clearTimeout(gathering);
        gathering = unsaved = 0;
        gathered = [];
        if (lacking.length > 2) {
          socket.send(frame(UPDATE, lacking));
          unsaved = 1;
        }
        wait = FIRST_WAIT_MS;
        greeted = true;
        if (!live) goLive();
        keep();
        tell();
        refreshLines();
      } else {
        applyUpdate(doc, content, REMOTE);
        refreshLines();
      }
    };
    socket.onclose = ({ code }) => {
      greeted = false;
      if (OVER[code]) {
        // Only who signs in again may still send it.
        if (code !== 4401) forget();
        return end(OVER[code]);
      }
      tell();
      setTimeout(open, wait * (0.7 + 0.6 * Math.random()));
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    };
  };

  const end = (words) => {
    over = true;
    field.readOnly = live; // What was typed stays to be copied, and is never sent to where it may not go.
    live = false;
    others.hidden = true;
    status.setAttribute("aria-live", "polite");
    say(words);
  };

  // Nothing is typed into a text that is not there yet.
  field.readOnly = true;
  restore();
  setTimeout(() => {
    if (live || over) return;
    over = true;
    socket.onclose = null;
    socket.close();
    field.readOnly = false;
    say("Gemeinsames Schreiben ist gerade nicht erreichbar. Bitte speichern Sie mit der Taste.");
  }, PATIENCE_MS);
  addEventListener("online", () => { wait = FIRST_WAIT_MS; });
  addEventListener("pagehide", flush);
  tell();
  open();
};

for (const form of document.querySelectorAll("form[data-writing]")) begin(form);
