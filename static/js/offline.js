/* Lets a driver's pages be kept for when there is no net (see service-worker.js), and says when there is none. */

if ("serviceWorker" in navigator && window.isSecureContext) {
  const worker = document.querySelector("[data-offline]")?.dataset.offline;
  if (worker) navigator.serviceWorker.register(worker, { scope: "/" });
}

function say() {
  const isKept = "kept" in document.documentElement.dataset;
  for (const note of document.querySelectorAll("[data-offline]")) note.hidden = navigator.onLine && !isKept;
}

addEventListener("online", say);
addEventListener("offline", say);
say();
