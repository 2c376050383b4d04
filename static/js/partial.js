/* When a partial update cannot be had, the whole page is asked for instead: after a redirect (the
 * session has ended, a second factor is due) and after an error, so that neither an empty hole nor a
 * silent nothing is what the reader gets. Polls are left alone: they ask again by themselves. */

function isAskedFor(detail) {
  const polled = detail.elt.getAttribute("hx-trigger")?.startsWith("every");
  return detail.requestConfig.verb === "get" && !polled;
}

function goTo(detail, address) {
  detail.shouldSwap = false;
  location.assign(address);
}

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const asked = new URL(detail.pathInfo.finalRequestPath, location.href);
  const answered = detail.xhr.responseURL && new URL(detail.xhr.responseURL);
  if (isAskedFor(detail) && answered && answered.pathname !== asked.pathname) goTo(detail, asked.href);
});

for (const trouble of ["htmx:responseError", "htmx:sendError"]) {
  document.addEventListener(trouble, ({ detail }) => {
    if (isAskedFor(detail)) goTo(detail, detail.pathInfo.finalRequestPath);
  });
}
