/* The light, dark or system switch, at once and without a page load. The choice lives in a cookie, so
 * that the server can write it into <html data-theme> and no page flashes in the wrong theme. Without
 * script the same form posts the choice. The browser's own bar takes the colour of the desk. */

const YEAR = 31536000;

function choose(theme) {
  const root = document.documentElement;
  document.cookie = `theme=${theme}; path=/; max-age=${theme === "auto" ? 0 : YEAR}; samesite=lax`;
  if (theme === "auto") delete root.dataset.theme;
  else root.dataset.theme = theme;
  for (const button of document.querySelectorAll("[data-theme-form] button")) {
    button.setAttribute("aria-pressed", String(button.value === theme));
  }
  document.dispatchEvent(new CustomEvent("themechange"));
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-theme-form]")) return;
  event.preventDefault();
  choose(event.submitter.value);
});

function colourTheBar() {
  const bar = document.querySelector('meta[name="theme-color"]');
  bar.content = getComputedStyle(document.documentElement).backgroundColor;
}

/* After the first paint: asked before it, the browser would have to work out its styles in the middle of a script. */
document.addEventListener("themechange", colourTheBar);
requestAnimationFrame(() => setTimeout(colourTheBar));

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
  document.dispatchEvent(new CustomEvent("themechange")),
);
