// The room works without this file. It keeps what somebody types from being drawn over, shows at the top what a form in a
// part of the page was refused for, leaves the focus where work goes on, and doubles visible buttons by keys with modifiers
// (listed on the help page).
(() => {
  "use strict";

  const typing = (region) =>
    region.querySelector("details[open] form") !== null ||
    (region.contains(document.activeElement) && document.activeElement.matches("input, select, textarea")) ||
    [...region.querySelectorAll("input, select, textarea")].some((field) =>
      field.matches("[type=radio], [type=checkbox]")
        ? field.checked !== field.defaultChecked
        : field.matches("select")
          ? [...field.options].some((option) => option.selected !== option.defaultSelected) && field.selectedIndex > 0
          : field.type !== "hidden" && field.value !== field.defaultValue,
    );

  // News for a region in which somebody types wait until they have finished.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const region = event.target;
    if (!region.matches("[data-careful]") || !typing(region)) return;
    event.preventDefault();
    region.dataset.waits = "true";
  });
  // The same when they have begun while the news was on its way.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const region = event.detail.target;
    if (event.detail.requestConfig.elt !== region || !region.matches("[data-careful]") || !typing(region)) return;
    event.detail.shouldSwap = false;
    region.dataset.waits = "true";
  });
  const settled = (event) => {
    const region = event.target.closest?.("[data-careful][data-waits]");
    if (!region) return;
    setTimeout(() => {
      if (typing(region)) return;
      delete region.dataset.waits;
      htmx.trigger(region, "settled");
    }, 0);
  };
  document.addEventListener("focusout", settled);
  document.addEventListener("toggle", settled, true);

  // A refused form answers with the whole page; its reasons belong to the top of the one that stands open.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr?.status >= 400 && document.getElementById("room-messages")) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
      event.detail.target = document.getElementById("room-messages");
      event.detail.selectOverride = "#room-messages";
      event.detail.swapOverride = "outerHTML";
    }
  });

  // Buttons that are drawn anew lose the focus; it goes to the one that took their place, whoever had them drawn.
  let place = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const row = document.activeElement?.closest("[data-key]");
    if (row && event.detail.target.contains(row)) place = row.dataset.key;
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const lost = !document.activeElement || document.activeElement === document.body;
    const summary = document.querySelector("#room-messages [autofocus]:not([data-seen])");
    if (summary) {
      summary.dataset.seen = "true";
      summary.focus();
    } else if (lost && place) {
      document.querySelector(`[data-key="${CSS.escape(place)}"] button`)?.focus();
    } else if (lost && event.target.matches("#room-arrival")) {
      event.target.querySelector("select")?.focus();
    } else if (!lost) {
      place = null;
    }
  });

  // A lost connection is said in a sentence and blocks nothing; a short break is not told.
  let silence = 0;
  document.addEventListener("htmx:sseError", () => {
    clearTimeout(silence);
    silence = setTimeout(() => document.getElementById("room-lost")?.removeAttribute("hidden"), 3000);
  });
  document.addEventListener("htmx:sseOpen", () => {
    clearTimeout(silence);
    document.getElementById("room-lost")?.setAttribute("hidden", "");
  });

  document.addEventListener("keydown", (event) => {
    if (event.altKey && event.shiftKey && event.code === "KeyN") {
      const button = document.querySelector('main [aria-keyshortcuts="Alt+Shift+N"]');
      if (!button) return;
      event.preventDefault();
      button.click();
    } else if (event.ctrlKey && event.key === "Enter" && event.target.matches("main textarea")) {
      event.preventDefault();
      event.target.form?.requestSubmit();
    }
  });
})();
