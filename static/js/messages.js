/* [data-dismisses] removes the message it stands in. */

document.addEventListener("click", (event) => {
  event.target.closest("[data-dismisses]")?.closest(".alert").remove();
});
