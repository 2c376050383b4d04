/* [data-copies="text"] copies its text and says so for a moment. */

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copies]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copies);
  } catch {
    return; // no permission: the text stands beside the button and can be selected
  }
  button.dataset.copied = "";
  button.querySelector("[role=status]").textContent = button.dataset.copiedLabel;
  setTimeout(() => {
    delete button.dataset.copied;
    button.querySelector("[role=status]").textContent = "";
  }, 1800);
});
