/* Makes a question modal: a button with [data-opens] and popovertarget="ID" shows that <dialog> with
 * the page behind it out of reach; [data-closes] and a click on the backdrop close it. Without script
 * the same attributes open and close it as a popover. Escape and the focus are the browser's own. */

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  const dialog = event.target.closest("dialog[open]");
  if (opener) {
    event.preventDefault();
    document.getElementById(opener.getAttribute("popovertarget"))?.showModal();
  } else if (dialog && (event.target === dialog || event.target.closest("[data-closes]"))) {
    event.preventDefault();
    dialog.close();
  }
});
