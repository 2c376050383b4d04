/* What is wrong with a field is told until it is changed, and the first wrong field of a page is where one goes on. */

function forget(field) {
  field.removeAttribute("aria-invalid");
  document.getElementById(`${field.id}_error`)?.remove();
}

document.addEventListener("input", (event) => {
  if (event.target.getAttribute?.("aria-invalid") === "true") forget(event.target);
});

document.querySelector('main [aria-invalid="true"]')?.focus();
