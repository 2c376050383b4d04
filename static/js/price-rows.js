/* Rows of prices are dragged by their number, by mouse, pen or finger, and moved by Alt and an arrow key inside a row.
 * Either presses the row's own button, which says from where to where; without script that button is there to press. */

let drag;

const rows = () => [...document.querySelectorAll("#price-rows [data-row]")];

function move(row, to) {
  const from = Number(row.dataset.row);
  const button = row.querySelector('[name="move"]:not(:disabled)');
  if (!button || to === from || to < 0 || to >= rows().length) return;
  button.value = `${from}:${to}`;
  button.click();
}

function place(y) {
  const middles = rows().map((row) => row.getBoundingClientRect()).map((box) => box.top + box.height / 2);
  const before = middles.filter((middle) => middle < y).length;
  const from = Number(drag.row.dataset.row);
  return before > from ? before - 1 : before;
}

function mark(to) {
  const from = drag ? Number(drag.row.dataset.row) : to;
  for (const row of rows()) {
    const here = to !== from && Number(row.dataset.row) === to;
    row.classList.toggle("price-row--before", here && to < from);
    row.classList.toggle("price-row--after", here && to > from);
    row.classList.toggle("price-row--dragged", row === drag?.row);
  }
}

function end() {
  drag = undefined;
  mark();
}

document.addEventListener("pointerdown", (event) => {
  const grip = event.target.closest?.("[data-grip]");
  if (!grip || event.button) return;
  event.preventDefault();
  grip.setPointerCapture(event.pointerId);
  drag = { row: grip.closest("[data-row]"), pointer: event.pointerId };
});

document.addEventListener("pointermove", (event) => {
  if (drag?.pointer === event.pointerId) mark(place(event.clientY));
});

document.addEventListener("pointerup", (event) => {
  if (drag?.pointer !== event.pointerId) return;
  const { row } = drag;
  const to = place(event.clientY);
  end();
  move(row, to);
});

document.addEventListener("pointercancel", end);

document.addEventListener("keydown", (event) => {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const row = event.altKey && step && event.target.closest?.("[data-row]");
  if (!row) return;
  event.preventDefault();
  move(row, Number(row.dataset.row) + step);
});
