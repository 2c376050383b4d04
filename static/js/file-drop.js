/* Shows which file was chosen or dropped on a .drop area. The input covers the area, so choosing
 * and dropping are the browser's own; this only writes the name and marks the area while hovering. */

function size(bytes) {
  const units = ["B", "kB", "MB", "GB"];
  let step = 0;
  while (bytes >= 1000 && step < units.length - 1) {
    bytes /= 1000;
    step += 1;
  }
  return `${bytes.toLocaleString(document.documentElement.lang, { maximumFractionDigits: step ? 1 : 0 })} ${units[step]}`;
}

document.addEventListener("change", (event) => {
  const area = event.target.closest?.(".drop");
  const file = event.target.files?.[0];
  if (!area || !file) return;
  area.querySelector("[data-drop-title]").textContent = file.name;
  area.querySelector("[data-drop-note]").textContent = size(file.size);
});

for (const [name, over] of [["dragenter", true], ["dragover", true], ["dragleave", false], ["drop", false]]) {
  document.addEventListener(name, (event) => event.target.closest?.(".drop")?.classList.toggle("drop--over", over));
}
