/* Walks through the rows of the list on the page with j and k; Enter opens the row, as its link has the focus.
 * And leaves what is empty out of the address of a filtered list. */

const TYPES = "input, textarea, select, summary, dialog[open], [contenteditable]";

document.addEventListener("keydown", (event) => {
  const step = { j: 1, k: -1 }[event.key];
  if (!step || event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.(TYPES)) return;
  const rows = [...document.querySelectorAll("main .table .row-link")];
  if (!rows.length) return;
  const at = rows.indexOf(document.activeElement?.closest("tr")?.querySelector(".row-link"));
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1);
  rows[next].focus();
  rows[next].scrollIntoView({ block: "nearest" });
  event.preventDefault();
});

document.addEventListener("formdata", (event) => {
  if (!event.target.matches("form.filters")) return;
  for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
});

document.addEventListener("htmx:configRequest", (event) => {
  if (!event.target.matches?.("form.filters")) return;
  const sent = event.detail.parameters;
  for (const name of Object.keys(sent)) if (sent[name] === "") delete sent[name];
});
