/* The hours of a tariff's week are painted by mouse, pen or finger, or with the arrow keys, Shift and Enter or Space.
 * Either presses the form's own button with the hours as "first day:last day:from:to"; the server writes the rows. */

let at = { day: 0, hour: 0 };
let from = at;
let pointer;
/* The brush that was picked and that no answer has said yet. */
let picked;

const grid = () => document.getElementById("painting");
const within = (value, one, other) => Math.min(one, other) <= value && value <= Math.max(one, other);

function hourAt(x, y) {
  const cell = document.elementFromPoint(x, y)?.closest?.("#painting [data-hour]");
  return cell && { day: Number(cell.dataset.day), hour: Number(cell.dataset.hour) };
}

function mark(shown = true) {
  for (const cell of grid()?.querySelectorAll("[data-hour]") ?? []) {
    const { day, hour } = cell.dataset;
    const chosen = shown && within(Number(day), from.day, at.day) && within(Number(hour), from.hour, at.hour);
    cell.setAttribute("aria-selected", String(chosen));
  }
  grid()?.setAttribute("aria-activedescendant", `hour-${at.day}-${at.hour}`);
}

function choose(hour, more) {
  at = hour;
  if (!more) from = hour;
  mark();
}

function paint() {
  const [first, last] = [from.day, at.day].sort((one, other) => one - other);
  const [begin, end] = [from.hour, at.hour].sort((one, other) => one - other);
  const button = document.getElementById("paint");
  button.value = `${first}:${last}:${begin}:${end + 1}`;
  from = at;
  button.click();
}

function stop(event) {
  if (pointer !== event.pointerId) return false;
  pointer = undefined;
  return true;
}

/* On a phone hours run down and days across. */
function step(key) {
  const turned = getComputedStyle(grid()).gridAutoFlow.startsWith("column");
  const [days, hours] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[key] ?? [0, 0];
  return turned ? [hours, days] : [days, hours];
}

function reached(event) {
  if (event.key === "Home") return { ...at, hour: 0 };
  if (event.key === "End") return { ...at, hour: 23 };
  const [days, hours] = step(event.key);
  return { day: Math.min(6, Math.max(0, at.day + days)), hour: Math.min(23, Math.max(0, at.hour + hours)) };
}

document.addEventListener("pointerdown", (event) => {
  const hour = event.button === 0 && event.target.closest?.("#painting") && hourAt(event.clientX, event.clientY);
  if (!hour) return;
  event.preventDefault();
  grid().focus({ preventScroll: true });
  grid().setPointerCapture(event.pointerId);
  pointer = event.pointerId;
  choose(hour, event.shiftKey);
});

document.addEventListener("pointermove", (event) => {
  const hour = pointer === event.pointerId && hourAt(event.clientX, event.clientY);
  if (hour) choose(hour, true);
});

document.addEventListener("pointerup", (event) => {
  if (stop(event)) paint();
});

document.addEventListener("pointercancel", (event) => {
  if (stop(event)) choose(from);
});

document.addEventListener("keydown", (event) => {
  if (event.target.id !== "painting" || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "Enter" || event.key === " ") paint();
  else if (event.key === "Escape") choose(at);
  else if (event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End") {
    choose(reached(event), event.shiftKey);
  } else return;
  event.preventDefault();
});

document.addEventListener("focusin", (event) => {
  if (event.target.id === "painting") mark();
});

document.addEventListener("focusout", (event) => {
  if (event.target.id === "painting") mark(false);
});

document.addEventListener("change", (event) => {
  if (event.target.name === "brush") picked = event.target.value;
});

/* An answer that was asked for before the brush was picked still has the old one; the next question says the new one.
 * Where rows were arranged the answer knows better: they have other places. */
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "week") return;
  const brush = picked && document.getElementById(`brush-${picked}`);
  if (grid()?.dataset.arranged || brush?.checked) picked = undefined;
  if (!picked || !brush) return;
  brush.checked = true;
  brush.dispatchEvent(new Event("change", { bubbles: true }));
});

document.addEventListener("htmx:afterSettle", () => {
  if (!grid()) return;
  mark(document.activeElement === grid());
  if (grid().dataset.said) document.getElementById("week-said").textContent = grid().dataset.said;
});
