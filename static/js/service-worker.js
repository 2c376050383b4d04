/* Keeps a driver's last pages for a garage without a net.
 *
 * Kept are pages below /o/…/my/ and what they are drawn with, never anything else. They belong to one person: the answer
 * names whose a page is and until when their sign-in lasts (X-Offline-For, X-Offline-Until). A page of somebody else, a
 * way to sign in or out, and a sign-in that is over let all of them go. Without a net nothing is shown longer than the
 * sign-in would have lasted. */

const PAGES = "pages", PARTS = "parts", MOST_PAGES = 20;
const OFFLINE = "/offline/";
const FOR = "X-Offline-For", UNTIL = "X-Offline-Until";
const isOwnPage = (url) => /^\/o\/[^/]+\/my\//.test(url.pathname);
const endsSignIn = (url) => /^\/account\/(sign-in|sign-out|challenge|passkeys)\//.test(url.pathname);

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(PARTS).then((parts) => parts.add(OFFLINE)));
  self.skipWaiting();
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.method === "POST") {
    if (endsSignIn(url)) event.waitUntil(forget());
  } else if (request.method === "GET" && url.pathname.startsWith("/static/")) {
    event.respondWith(part(request));
  } else if (request.mode === "navigate" && isOwnPage(url)) {
    event.respondWith(page(request));
  }
});

let forgotten = 0;

function forget() {
  forgotten += 1;
  return caches.delete(PAGES);
}

async function page(request) {
  const before = forgotten;
  let answer;
  try {
    answer = await fetch(request);
  } catch {
    return kept(request);
  }
  const person = answer.headers.get(FOR);
  if (!person) {
    if (answer.type === "opaqueredirect" || answer.status === 403 || answer.status === 404) await forget();
    return answer;
  }
  const isPage = answer.ok && answer.headers.get("Content-Type")?.startsWith("text/html");
  if (isPage && before === forgotten) await keep(request, answer.clone(), person); // not one asked for before a sign-out
  return answer;
}

async function keep(request, answer, person) {
  let pages = await caches.open(PAGES);
  let names = await pages.keys();
  const before = names.length ? await pages.match(names[0]) : undefined;
  if (before && before.headers.get(FOR) !== person) {
    await forget();
    pages = await caches.open(PAGES);
    names = [];
  }
  for (const name of names.slice(0, Math.max(0, names.length - MOST_PAGES + 1))) await pages.delete(name);
  await pages.put(request.url, answer);
}

/* A kept page says of itself that it is one, and so without any script: a browser that is on a net which leads nowhere
 * believes that it is online, and the scripts may not have been kept yet. */
async function marked(page) {
  const html = (await page.text())
    .replace("<html ", "<html data-kept ")
    .replace(/(data-offline="[^"]*") hidden/, "$1");
  return new Response(html, { headers: page.headers });
}

async function kept(request) {
  const found = await (await caches.open(PAGES)).match(request.url);
  if (found && Number(found.headers.get(UNTIL)) * 1000 > Date.now()) return marked(found);
  if (found) await forget();
  return (await caches.open(PARTS)).match(OFFLINE);
}

async function part(request) {
  const parts = await caches.open(PARTS);
  try {
    const answer = await fetch(request);
    if (answer.ok) await parts.put(request, answer.clone());
    return answer;
  } catch (error) {
    const found = await parts.match(request);
    if (found) return found;
    throw error;
  }
}
