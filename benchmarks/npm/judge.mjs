/* What Lighthouse says of one page, as scores of a hundred: node judge.mjs '{"address", "cookies", "categories"}'.
 *
 * The cookies lie in the browser: a header of cookies gives way to the first one that a page sets, and what the page
 * then asks for by itself is answered with the sign-in. */

import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";
import puppeteer from "puppeteer-core";

const { address, cookies, categories } = JSON.parse(process.argv[2]);
const chrome = await launch({ chromeFlags: ["--headless", "--no-sandbox", "--disable-gpu"] });
try {
  const browser = await puppeteer.connect({ browserURL: `http://127.0.0.1:${chrome.port}` });
  const page = await browser.newPage();
  for (const [name, value] of Object.entries(cookies)) {
    await page.setCookie({ name, value, url: address, path: "/", secure: name.startsWith("__") });
  }
  await page.close();
  const found = await lighthouse(address, { port: chrome.port, onlyCategories: categories, logLevel: "silent" });
  await browser.disconnect();
  const shown = found.lhr.finalDisplayedUrl;
  if (new URL(shown).pathname !== new URL(address).pathname) throw new Error(`${address} led to ${shown}`);
  const unknown = Object.values(found.lhr.categories).filter(({ score }) => score === null);
  if (unknown.length) throw new Error(`${address} could not be judged: ${unknown.map(({ id }) => id).join(", ")}`);
  const scores = Object.entries(found.lhr.categories).map(([name, { score }]) => [name, Math.round(100 * score)]);
  console.log(JSON.stringify(Object.fromEntries(scores)));
} finally {
  chrome.kill();
}
