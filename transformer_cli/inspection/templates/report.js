"use strict";
// The page of a run: charts tell their values, words show what they are tied to. Text is only ever set as text.

for (const figure of document.querySelectorAll(".chart")) {
  const chart = JSON.parse(figure.querySelector("script").textContent);
  const svg = figure.querySelector("svg");
  const hover = svg.querySelector(".hover");
  const cursor = svg.querySelector(".cursor");
  const readout = figure.querySelector(".readout");
  const points = chart.series.flatMap(({ name, points }) => points.map(([x, y, xText, yText]) => ({ name, x, y, xText, yText })));
  const places = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b);
  let place = -1;

  const show = (index) => {
    place = Math.max(0, Math.min(places.length - 1, index));
    const here = points.filter(({ x }) => x === places[place]);
    cursor.setAttribute("d", `M${places[place]} ${chart.frame.top}V${chart.frame.bottom}`);
    hover.setAttribute("visibility", "visible");
    const told = here.length > 4 ? `${here.length} values` : here.map(({ name, yText }) => (name ? `${name} ${yText}` : yText)).join(", ");
    readout.textContent = `${chart.x_title} ${here[0].xText}: ${told}`;
  };
  const hide = () => {
    hover.setAttribute("visibility", "hidden");
    readout.textContent = "\u00a0";
  };
  svg.addEventListener("mousemove", (event) => {
    const box = svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * chart.width;
    show(places.reduce((best, candidate, i) => (Math.abs(candidate - x) < Math.abs(places[best] - x) ? i : best), 0));
  });
  svg.addEventListener("mouseleave", hide);
  svg.addEventListener("blur", hide);
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    show(place + step);
  });
}

for (const word of document.querySelectorAll("[data-tied]")) {
  const tied = word.closest("li").querySelector(`[data-word="${word.dataset.tied}"]`);
  const mark = (isOn) => () => {
    word.classList.toggle("is-on", isOn);
    tied?.classList.toggle("is-on", isOn);
  };
  for (const event of ["mouseenter", "focus"]) word.addEventListener(event, mark(true));
  for (const event of ["mouseleave", "blur"]) word.addEventListener(event, mark(false));
}
