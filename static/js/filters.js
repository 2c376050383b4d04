/* A form with data-auto sends itself when a choice changes or typing pauses. Without script its
 * button does the same; with script that button is hidden where it carries data-only-without-script. */

const PAUSE_MS = 350;
const waiting = new WeakMap();

function prepare(root) {
  for (const button of root.querySelectorAll("form[data-auto] [data-only-without-script]")) button.hidden = true;
}

function send(form) {
  clearTimeout(waiting.get(form));
  form.requestSubmit();
}

document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form?.matches("form[data-auto]") && event.target.type !== "search") send(form);
});

document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (!form?.matches("form[data-auto]") || event.target.type !== "search") return;
  clearTimeout(waiting.get(form));
  waiting.set(form, setTimeout(() => send(form), PAUSE_MS));
});

document.addEventListener("htmx:load", (event) => prepare(event.target.parentElement ?? document));
prepare(document);
