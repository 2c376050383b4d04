/* Keeps <time data-relative> true while a page stands open: "5 minutes ago" becomes "6 minutes ago". */

const words = new Intl.RelativeTimeFormat(document.documentElement.lang || "en", { numeric: "always" });
const STEPS = [[86400, "day"], [3600, "hour"], [60, "minute"]];

function refresh() {
  for (const element of document.querySelectorAll("time[data-relative]")) {
    const seconds = (Date.now() - Date.parse(element.dateTime)) / 1000;
    const step = STEPS.find(([length]) => seconds >= length);
    if (step) element.textContent = words.format(-Math.floor(seconds / step[0]), step[1]);
  }
}

setInterval(refresh, 30000);
