// Every page works without this file. It keeps a second click from sending a form twice, and shows a page anew when
// what it was told has ended.
(() => {
  "use strict";

  const LOCK_MS = 8000; // A download answers without a new page, so the lock must end by itself.
  const sent = new Map();

  const free = (form) => {
    clearTimeout(sent.get(form));
    sent.delete(form);
    form.removeAttribute("aria-busy");
    form.querySelectorAll("[data-locked]").forEach((button) => {
      button.removeAttribute("aria-disabled");
      button.removeAttribute("data-locked");
    });
  };

  // What was written without a connection (writing.js) does not stay behind on a computer that others use too.
  const forget = () => {
    try {
      Object.keys(localStorage).filter((name) => name.startsWith("circle-writing:")).forEach((name) => localStorage.removeItem(name));
    } catch { /* Nothing was kept. */ }
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.getAttribute("method")?.toLowerCase() !== "post") return;
    if (sent.has(form)) {
      event.preventDefault();
      return;
    }
    if (form.getAttribute("action") === "/abmelden") forget();
    sent.set(form, setTimeout(free, LOCK_MS, form));
    form.setAttribute("aria-busy", "true");
    // aria-disabled instead of disabled: a disabled button loses the focus, and its name is not sent.
    form.querySelectorAll("button:not([type=button])").forEach((button) => {
      button.setAttribute("aria-disabled", "true");
      button.setAttribute("data-locked", "");
    });
  });

  // The browser's way back shows the page as it was left, with its locks.
  window.addEventListener("pageshow", () => [...sent.keys()].forEach(free));

  // What an open page was told has ended: the whole page shows how, and what can be done now.
  // A form that is on its way leads on by itself, and loading anew would cut it off.
  document.addEventListener("htmx:sseClose", (event) => {
    if (event.detail.type === "message") setTimeout(() => location.reload(), sent.size ? LOCK_MS : 0);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = event.target.closest("details.menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
})();
