/* Draws every figure[data-chart] from its own table with uPlot. The table stays in the page, for
 * readers who prefer it and for those without script or without the library (data-library is then
 * empty). Colours are read from the CSS tokens, so a chart follows the theme. */

const drawn = new Map();
const language = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;
let library;

/* Numbers and times are written by one writer each: making one takes longer than drawing a chart. */
const numbers = new Intl.NumberFormat(language);
const times = new Map();
function moment(seconds, zone, options) {
  const key = `${zone} ${Object.entries(options)}`;
  if (!times.has(key)) times.set(key, new Intl.DateTimeFormat(language, { ...options, timeZone: zone }));
  return times.get(key).format(seconds * 1000);
}

/* A colour of the present theme as rgb(…): a token is a pair of colours, which only an element can decide. Each is
 * asked for once a theme, as every question makes the browser work out styles anew. */
const colours = new Map();
document.addEventListener("themechange", () => colours.clear());
function token(name) {
  if (!colours.has(name)) {
    const probe = document.createElement("span");
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    colours.set(name, getComputedStyle(probe).color);
    probe.remove();
  }
  return colours.get(name);
}

function read(figure) {
  const heads = [...figure.querySelectorAll("thead th[data-tone]")];
  const rows = [...figure.querySelectorAll("tbody tr")];
  const kind = figure.dataset.x;
  const places = rows.map((row) => row.cells[0].dataset.value);
  const xs = kind === "name" ? places.map((_, at) => at) : places.map((text) => Date.parse(text) / 1000);
  const series = heads.map((head, at) => ({
    label: head.dataset.label,
    unit: head.dataset.unit,
    tone: head.dataset.tone,
    shape: head.dataset.shape,
    texts: rows.map((row) => row.cells[at + 1].textContent.trim()),
    values: rows.map((row) => (row.cells[at + 1].dataset.value === "" ? null : Number(row.cells[at + 1].dataset.value))),
  }));
  const labels = rows.map((row) => row.cells[0].textContent.trim());
  if (kind !== "name" && series.some((one) => one.shape === "steps") && xs.length > 1) {
    // a step is as wide as its slot: the last one needs an end
    xs.push(2 * xs.at(-1) - xs.at(-2));
    for (const one of series) one.values.push(one.values.at(-1));
  }
  return { kind, xs, series, labels, zone: kind === "time" ? figure.dataset.zone : "UTC" };
}

/* Stacked bars are drawn as sums, the highest first, so that each covers the lower part of the next. */
function heights(series) {
  const sums = series[0].values.map(() => 0);
  return series.map((one) =>
    one.shape === "stacked" ? one.values.map((value, at) => (sums[at] += value ?? 0)) : one.values,
  );
}

function line(uPlot, one) {
  const colour = token(`--series-${one.tone}`);
  const common = { label: one.label, stroke: colour, width: 2, points: { show: false } };
  if (one.shape === "bars" || one.shape === "stacked") {
    return { ...common, width: 0, fill: colour, paths: uPlot.paths.bars({ size: [0.72, 44], radius: [0.12, 0] }) };
  }
  const fill = colour.replace(/^rgb\((.*)\)$/, "rgba($1, 0.15)");
  if (one.shape === "steps") return { ...common, fill, paths: uPlot.paths.stepped({ align: 1 }) };
  return { ...common, fill: one.shape === "area" ? fill : undefined };
}

function axes(data) {
  const look = {
    stroke: token("--ink-3"),
    font: `12px ${getComputedStyle(document.body).fontFamily}`,
    ticks: { show: false },
    grid: { stroke: token("--grid"), width: 1 },
  };
  const x = { ...look, grid: { show: false }, size: 28, space: 64, gap: 8 };
  if (data.kind === "name") x.values = (_, at) => at.map((place) => data.labels[place] ?? "");
  const y = {
    ...look,
    size: (_, labels) => 14 + 6.6 * Math.max(2, ...(labels ?? []).map((label) => label.length)),
    gap: 8,
    space: 40,
    values: (_, at) => at.map((value) => numbers.format(value)),
  };
  if (data.kind !== "name") x.values = (plot, at) => at.map((when) => instant(when, data, plot));
  if (data.kind === "name") x.splits = (plot) => apart(data, plot.width);
  return [x, y];
}

/* As many of the names as stand beside each other: each one, or every second, third … */
function apart({ xs, labels }, width) {
  const widest = 12 + 6.6 * Math.max(...labels.map((label) => label.length));
  const every = Math.max(1, Math.ceil((widest * xs.length) / Math.max(1, width - 60)));
  return xs.filter((place) => place % every === 0);
}

function instant(seconds, data, plot) {
  const span = plot.scales.x.max - plot.scales.x.min;
  const options =
    data.kind === "time" && span <= 2 * 86400
      ? { hour: "2-digit", minute: "2-digit", hour12: false }
      : span > 200 * 86400
        ? { month: "short", year: "2-digit" }
        : { day: "numeric", month: "short" };
  return moment(seconds, data.zone, options);
}

function tip(data) {
  const box = document.createElement("div");
  box.className = "chart__tip";
  box.hidden = true;
  const row = (one, at) => {
    const element = document.createElement("div");
    const swatch = document.createElement("span");
    const figure = document.createElement("b");
    element.className = "chart__tip-row";
    swatch.className = `swatch swatch--${one.tone}`;
    figure.textContent = `${one.texts[at]} ${one.unit}`.trim();
    element.append(swatch, one.label, figure);
    return element;
  };
  return {
    hooks: {
      init: (plot) => plot.over.append(box),
      setCursor: (plot) => {
        const at = Math.min(plot.cursor.idx ?? 0, data.labels.length - 1);
        box.hidden = plot.cursor.idx == null || plot.cursor.left < 0;
        if (box.hidden) return;
        const head = document.createElement("div");
        head.className = "chart__tip-x";
        head.textContent = data.labels[at];
        box.replaceChildren(head, ...data.series.map((one) => row(one, at)));
        const room = plot.over.clientWidth - box.offsetWidth;
        const left = plot.cursor.left + 14;
        const x = left > room ? Math.max(0, plot.cursor.left - box.offsetWidth - 14) : left;
        box.style.transform = `translate(${x}px, 0)`;
      },
    },
  };
}

function draw(uPlot, figure) {
  const place = figure.querySelector(".chart__plot");
  const data = read(figure);
  if (!data.xs.length || !data.series.length) return;
  drawn.get(figure)?.destroy();
  place.replaceChildren();
  place.dataset.drawn = "";
  const barred = data.series.some((one) => one.shape === "bars" || one.shape === "stacked");
  const order = data.series.map((_, at) => at).reverse();
  const tops = heights(data.series);
  const step = data.xs.length > 1 ? data.xs[1] - data.xs[0] : 1;
  const plot = new uPlot(
    {
      width: place.clientWidth,
      height: place.clientHeight,
      padding: [8, 10, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { show: !barred, size: 7 }, drag: { setScale: false, x: false, y: false } },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), data.zone),
      scales: {
        x: {
          time: data.kind !== "name",
          range: (_, min, max) => (barred ? [min - step * 0.6, max + step * 0.6] : [min, max]),
        },
        y: { range: (_, min, max) => [Math.min(0, min), max > 0 ? max * 1.08 : 1] },
      },
      axes: axes(data),
      series: [{}, ...order.map((at) => line(uPlot, data.series[at]))],
      plugins: [tip(data)],
    },
    [data.xs, ...order.map((at) => tops[at])],
    place,
  );
  drawn.set(figure, plot);
}

async function drawFirst(figure) {
  library ??= import(new URL(figure.dataset.library, location.href).href);
  draw((await library).default, figure);
  new ResizeObserver(() => {
    const place = figure.querySelector(".chart__plot");
    const plot = drawn.get(figure);
    if (plot && place.clientWidth && plot.width !== place.clientWidth) {
      plot.setSize({ width: place.clientWidth, height: place.clientHeight });
    }
  }).observe(figure);
}

/* A chart is drawn when it comes near the screen: on a phone the library is not even fetched before. */
const near = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      drawFirst(target);
    }
  },
  { rootMargin: "300px" },
);

function watchAll(root) {
  for (const figure of root.querySelectorAll("figure[data-chart]")) {
    if (figure.dataset.library && !drawn.has(figure)) near.observe(figure);
  }
}

/* On paper a chart that nobody has come near is its table. */
addEventListener("beforeprint", () => {
  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    if (!drawn.has(figure)) figure.querySelector("details").open = true;
  }
});

document.addEventListener("themechange", async () => {
  if (!library) return;
  const uPlot = (await library).default;
  for (const figure of drawn.keys()) if (figure.isConnected) draw(uPlot, figure);
});

document.addEventListener("htmx:load", (event) => watchAll(event.target.parentElement ?? document));
watchAll(document);
