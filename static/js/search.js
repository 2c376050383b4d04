/* The one search: / and Ctrl-K (or Cmd-K) open it over any page that has it, and the arrows walk through
 * what was found. Without script the same link leads to a page that does the same. */

const WRITES = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";

function open() {
  const dialog = document.getElementById("search");
  if (!dialog || dialog.open) return Boolean(dialog);
  dialog.showModal();
  dialog.querySelector("input").select();
  return true;
}

function walk(dialog, step) {
  const stops = [dialog.querySelector("input"), ...dialog.querySelectorAll(".item")];
  const at = stops.indexOf(document.activeElement);
  stops[Math.min(Math.max(at + step, 0), stops.length - 1)]?.focus();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-search]") && open()) event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  const dialog = event.target.closest?.("#search");
  const asks = event.key === "k" && (event.ctrlKey || event.metaKey) && !event.altKey;
  const slash = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.target.closest?.(WRITES);
  if (asks || (slash && !document.querySelector("dialog[open]"))) {
    if (open()) event.preventDefault();
  } else if (dialog && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    walk(dialog, event.key === "ArrowDown" ? 1 : -1);
  }
});
