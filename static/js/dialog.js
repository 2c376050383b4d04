/* Opens and closes <dialog>: [data-opens="ID"] opens it, [data-closes] and a click on the backdrop
 * close it. Escape and the focus trap are the browser's own. Used for the drawer as well. */

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) {
    event.preventDefault();
    document.getElementById(opener.dataset.opens)?.showModal();
    return;
  }
  const dialog = event.target.closest("dialog[open]");
  if (!dialog) return;
  if (event.target === dialog || event.target.closest("[data-closes]")) dialog.close();
});
