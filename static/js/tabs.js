/* Tabs that do not all fit stand at the present one, which is moved to the middle; so does a sidebar that is longer
 * than the screen. After the first paint: asked before it, the browser would have to lay the page out twice. */

function showPresent() {
  for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
    const tabs = tab.parentElement;
    tabs.scrollLeft = tab.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - tab.offsetWidth) / 2;
  }
  for (const link of document.querySelectorAll(".sidebar [aria-current]")) {
    const bar = link.closest(".sidebar");
    const below = link.getBoundingClientRect().bottom - bar.getBoundingClientRect().bottom;
    if (below > 0) bar.scrollTop += below + bar.clientHeight / 2;
  }
}

requestAnimationFrame(() => setTimeout(showPresent));
