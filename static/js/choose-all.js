/* A checkbox with data-chooses="NAME" ticks and clears all checkboxes of that name in its form. Without script it
 * stays hidden, and each row is ticked by itself. A button with data-needs="NAMES" can be pressed once one of any
 * of them is ticked. */

function members(leader) {
  return leader.form.querySelectorAll(`input[type="checkbox"][name="${leader.dataset.chooses}"]`);
}

function agree(leader) {
  const all = [...members(leader)];
  const ticked = all.filter((box) => box.checked).length;
  leader.checked = ticked > 0 && ticked === all.length;
  leader.indeterminate = ticked > 0 && ticked < all.length;
}

function wake(root) {
  for (const button of root.querySelectorAll("button[data-needs]")) {
    const names = button.dataset.needs.split(" ");
    button.disabled = !names.some((name) => button.form?.querySelector(`input[name="${name}"]:checked`));
  }
}

document.addEventListener("change", (event) => {
  const box = event.target;
  if (box.dataset?.chooses) for (const one of members(box)) one.checked = box.checked;
  else if (box.form) for (const leader of box.form.querySelectorAll("[data-chooses]")) agree(leader);
  if (box.form) wake(box.form);
});

function prepare(root) {
  for (const leader of root.querySelectorAll("[data-chooses]")) leader.hidden = false;
  wake(root);
}

document.addEventListener("htmx:load", (event) => prepare(event.target.parentElement ?? document));
prepare(document);
