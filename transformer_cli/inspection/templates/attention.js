// One attention: every layer and head as lines between two columns of pieces, as a matrix, and all heads at a glance.

const AVERAGE = -1;
const LEAST = 0.08; // with no piece chosen, fainter lines would hide the others

class Attention {
  // `kind` has `maps`: layers of heads of rows of weights; `from`, `to`: what rows and columns are called; their titles
  // and classes; `says`: the verb between them; `masked`: whether no row may look further than itself.
  constructor(root, kind) {
    Object.assign(this, { layer: 0, unit: "piece", matrixTitle: "As a matrix: every row sums to 1" }, kind, { root });
    this.head = AVERAGE;
    this.pinned = null;
    this.on = null;
    this.build();
    this.choose();
    whenThemeChanges(() => this.choose());
    addEventListener("resize", () => this.choose());
  }

  get weights() {
    const heads = this.maps[this.layer];
    if (this.head !== AVERAGE) return heads[this.head];
    return heads[0].map((row, i) => row.map((_, j) => heads.reduce((sum, head) => sum + head[i][j], 0) / heads.length));
  }

  get ink() {
    return this.head === AVERAGE ? "--accent" : `--head-${this.head % 8}`;
  }

  build() {
    const column = (names, kind, className) =>
      names.map((name, index) =>
        make("button", { type: "button", class: className, dir: "auto", onmouseenter: () => this.show({ [kind]: index }),
          onclick: () => this.pin({ [kind]: index }), onfocus: () => this.pin({ [kind]: index }) }, name));
    this.rows = column(this.from, "row", this.fromClass);
    this.columns = column(this.to, "column", this.toClass);
    const go = (here, there) => (key, index) => {
      if (key === "Escape") return this.pin(null);
      if (key === "ArrowLeft" || key === "ArrowRight") return there[Math.min(index, there.length - 1)];
      return here[index + STEP[key]];
    };
    moveByArrows(this.rows, go(this.rows, this.columns));
    moveByArrows(this.columns, go(this.columns, this.rows));
    this.row = Math.max(this.rows.length, this.columns.length) > 16 ? 22 : 28;
    this.root.style.setProperty("--row", `${this.row}px`);
    const height = this.row * Math.max(this.rows.length, this.columns.length);
    this.svg = draw("svg", { viewBox: `0 0 100 ${height}`, height, preserveAspectRatio: "none", "aria-hidden": "true" });
    this.readout = make("p", { class: "readout", "aria-live": "polite" });
    this.matrix = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Matrix of weights" });
    this.overview = make("div", { class: "overview" });
    const lines = make("div", { class: "lines", onmouseleave: () => this.show(this.pinned) },
      make("h4", {}, this.fromTitle), make("span"), make("h4", {}, this.toTitle),
      make("div", { class: "column from", role: "group", "aria-label": this.fromTitle }, ...this.rows), this.svg,
      make("div", { class: "column to", role: "group", "aria-label": this.toTitle }, ...this.columns));
    this.root.append(make("div", {}, lines, this.readout, this.overview),
      make("div", { class: "matrix" }, make("h4", {}, this.matrixTitle), this.matrix));
    const controls = this.root.previousElementSibling;
    if (!controls?.classList.contains("controls")) return;
    this.layerInputs = this.radios(controls, "Layer", this.maps.map((_, i) => [i, `${i + 1}`]), "layer");
    const heads = this.maps[0].map((_, i) => [i, `${i + 1}`]);
    this.headInputs = this.radios(controls, "Head", [[AVERAGE, "average"], ...heads], "head");
  }

  radios(controls, title, choices, key) {
    const name = `${this.root.dataset.attention}-${key}`;
    const inputs = choices.map(([value]) =>
      make("input", { type: "radio", name, value, checked: this[key] === value, onchange: () => this.choose({ [key]: value }) }));
    controls.append(make("fieldset", {}, make("legend", {}, title),
      ...choices.map(([, label], i) => make("label", {}, inputs[i], make("span", {}, label)))));
    return inputs;
  }

  choose(change = {}) {
    Object.assign(this, change);
    for (const input of this.layerInputs ?? []) input.checked = Number(input.value) === this.layer;
    for (const input of this.headInputs ?? []) input.checked = Number(input.value) === this.head;
    this.drawMatrix();
    this.drawOverview();
    this.show(this.on);
  }

  pin(on) {
    this.pinned = on;
    this.show(on);
  }

  show(on) {
    this.on = on;
    const weights = this.weights;
    const links = [];
    weights.forEach((row, i) => row.forEach((weight, j) => {
      const least = on === null ? LEAST : on.row === i || on.column === j ? 0.005 : Infinity;
      if (weight >= least) links.push([i, j, weight]);
    }));
    this.svg.replaceChildren(...links.map(([i, j, weight]) => draw("line", { x1: 1, x2: 99, y1: this.row * (i + 0.5),
      y2: this.row * (j + 0.5), stroke: color(this.ink), "stroke-width": 0.8 + 4.2 * weight, "stroke-opacity": Math.min(1, 0.08 + weight),
      "vector-effect": "non-scaling-stroke" })));
    const tell = (button, weight) => button.replaceChildren(button.firstChild, ...(weight === null ? [] : [make("i", {}, fixed(weight, 2))]));
    this.rows.forEach((button, i) => {
      button.classList.toggle("is-on", on?.row === i);
      tell(button, on?.column === undefined ? null : weights[i][on.column]);
    });
    this.columns.forEach((button, j) => {
      button.classList.toggle("is-on", on?.column === j);
      tell(button, on?.row === undefined ? null : weights[on.row][j]);
    });
    this.mark(on);
    this.tell(on, weights);
  }

  tell(on, weights) {
    if (on === null) return this.readout.replaceChildren(`Point at a ${this.unit}, or choose one with the arrow keys. Weights from ${LEAST} on are drawn.`);
    const named = (names, values) => values.map((value, i) => [value, names[i]]).sort((a, b) => b[0] - a[0]).slice(0, 3)
      .filter(([value]) => value >= 0.005).map(([value, name]) => `${name} ${fixed(value)}`).join(", ");
    if (on.row !== undefined) {
      this.readout.replaceChildren(make("b", {}, this.from[on.row]), ` ${this.says} `, named(this.to, weights[on.row]));
    } else {
      this.readout.replaceChildren(make("b", {}, this.to[on.column]), " is looked at from ", named(this.from, weights.map((row) => row[on.column])));
    }
  }

  drawMatrix() {
    const weights = this.weights;
    const label = (names) => 14 + 8.3 * Math.min(14, Math.max(...names.map((name) => [...name].length)));
    const [left, top] = [label(this.from), label(this.to) * 0.8 + 4];
    const room = (this.matrix.clientWidth || 480) - left - 28; // labels of columns lean out to the right
    const cell = Math.max(10, Math.min(40, Math.floor(room / this.to.length), Math.floor(560 / this.from.length)));
    const [width, height] = [cell * this.to.length, cell * this.from.length];
    const short = (name) => ([...name].length > 14 ? [...name].slice(0, 13).join("") + "…" : name);
    const svg = draw("svg", { width: left + width + 26, height: top + height + 2, role: "img", "aria-label": "Matrix of attention weights", style: `font-size:${Math.min(12.5, cell - 0.5)}px`,
      onmouseleave: () => this.show(this.pinned) });
    const hatch = draw("pattern", { id: "masked", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      draw("rect", { width: 1.4, height: 6, fill: color("--line") }));
    svg.append(draw("defs", {}, hatch), draw("rect", { x: left, y: top, width, height, class: "frame" }));
    this.to.forEach((name, j) => {
      const [x, y] = [left + cell * (j + 0.5) + 4, top - 6];
      svg.append(draw("text", { x, y, transform: `rotate(-55 ${x} ${y})` }, short(name)));
    });
    const fill = color(this.ink);
    this.from.forEach((name, i) => {
      svg.append(draw("text", { x: left - 8, y: top + cell * (i + 0.5) + 4, "text-anchor": "end" }, short(name)));
      weights[i].forEach((weight, j) => {
        const place = { x: left + cell * j + 0.5, y: top + cell * i + 0.5, width: cell - 1, height: cell - 1 };
        if (this.masked && j > i) svg.append(draw("rect", { ...place, class: "mask" }));
        if (weight >= 0.004) svg.append(draw("rect", { ...place, fill, "fill-opacity": weight ** 0.75, class: "cell", rx: 2 }));
        if (cell >= 26 && weight >= 0.1) {
          svg.append(draw("text", { x: place.x + cell / 2 - 0.5, y: place.y + cell / 2 + 3.5, "text-anchor": "middle",
            style: `font-size:10.5px;fill:${weight > 0.65 ? color("--card") : color("--ink")}` }, weight.toFixed(2).replace(/^0/, "")));
        }
      });
    });
    this.rowFrame = draw("rect", { class: "row-on", rx: 3, visibility: "hidden" });
    svg.append(this.rowFrame);
    svg.addEventListener("mousemove", (event) => {
      const box = svg.getBoundingClientRect();
      const [i, j] = [Math.floor((event.clientY - box.top - top) / cell), Math.floor((event.clientX - box.left - left) / cell)];
      if (i < 0 || j < 0 || i >= this.from.length || j >= this.to.length) return this.show(this.pinned);
      this.show({ row: i });
      this.readout.replaceChildren(make("b", {}, this.from[i]), ` ${this.says} `, make("b", {}, this.to[j]), ` ${fixed(weights[i][j])}`);
    });
    this.place = { left, top, cell, width, height };
    this.matrix.replaceChildren(svg);
  }

  mark(on) {
    const { left, top, cell, width, height } = this.place;
    const frame = on?.row !== undefined ? { x: left, y: top + cell * on.row, width, height: cell }
      : { x: left + cell * (on?.column ?? 0), y: top, width: cell, height };
    for (const [name, value] of Object.entries(frame)) this.rowFrame.setAttribute(name, value);
    this.rowFrame.setAttribute("visibility", on === null ? "hidden" : "visible");
  }

  drawOverview() {
    if (!this.headInputs) return;
    const heads = this.maps[0].length;
    const grid = make("div", { class: "heads", style: `grid-template-columns: max-content repeat(${heads}, max-content)` }, make("span"),
      ...this.maps[0].map((_, h) => make("span", {}, `head ${h + 1}`)));
    this.maps.forEach((layer, l) => {
      grid.append(make("span", {}, `layer ${l + 1}`));
      layer.forEach((weights, h) => {
        const [paper, ink] = [channels("--faint"), channels(`--head-${h % 8}`)];
        const canvas = make("canvas");
        paintMatrix(canvas, weights, (weight) => between(paper, ink, weight));
        const isOn = l === this.layer && h === this.head;
        grid.append(make("button", { type: "button", class: isOn && "is-on", "aria-pressed": `${isOn}`, tabindex: "-1",
          "aria-label": `layer ${l + 1}, head ${h + 1}`, onclick: () => this.choose({ layer: l, head: h }) }, canvas));
      });
    });
    this.overview.replaceChildren(make("h4", {}, "All heads at a glance"), make("div", { class: "scroll" }, grid));
  }
}
