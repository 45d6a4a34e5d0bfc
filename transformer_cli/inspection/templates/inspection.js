// The page of one sentence, drawn from the JSON that lies in it.

const it = JSON.parse(document.getElementById("inspection").textContent);
const find = (selector) => document.querySelector(selector);

function drawAttentions() {
  const source = it.source.pieces;
  const target = it.target.pieces;
  const layer = Math.floor(it.attention.cross.length / 2);
  const kinds = {
    encoder: { maps: it.attention.encoder, from: source, to: source, fromTitle: "piece", toTitle: "looks at",
      fromClass: "source", toClass: "source", says: "looks at" },
    decoder: { maps: it.attention.decoder, from: it.decoder_input, to: it.decoder_input, fromTitle: "piece", toTitle: "looks back at",
      masked: true, fromClass: "target", toClass: "target", says: "looks back at" },
    cross: { maps: it.attention.cross, from: target, to: source, fromTitle: "to be written", toTitle: "looks at", layer,
      fromClass: "target", toClass: "source", says: "is written looking at" },
    alignment: it.alignment.links.length > 0 && { maps: [[it.alignment.weights]], from: it.target.words.map((word) => word.text),
      to: it.source.words.map((word) => word.text), fromTitle: "translation", toTitle: "source", says: "comes from",
      fromClass: "target", toClass: "source", unit: "word", matrixTitle: "As a matrix of words" },
  };
  for (const root of document.querySelectorAll("[data-attention]")) new Attention(root, kinds[root.dataset.attention]);
}

function drawHeats() {
  const { embedding, position_table: table } = it;
  const readout = find("#heat-readout");
  const names = (i) => it.source.pieces[i];
  const heats = { tokens: embedding.tokens, positions: embedding.positions, sums: embedding.sums, table: table.values };
  for (const root of document.querySelectorAll("[data-heat]")) {
    const kind = root.dataset.heat;
    const values = heats[kind];
    const isTable = kind === "table";
    const canvas = make("canvas", { style: `height:${isTable ? 260 : 20 * values.length}px`, role: "img",
      "aria-label": isTable ? "Heat map of the table of positions" : `Heat map of ${values.length} pieces` });
    canvas.addEventListener("mousemove", (event) => {
      const box = canvas.getBoundingClientRect();
      const row = Math.min(values.length - 1, Math.floor(((event.clientY - box.top) / box.height) * values.length));
      const column = Math.min(values[0].length - 1, Math.floor(((event.clientX - box.left) / box.width) * values[0].length));
      if (row < 0 || column < 0) return;
      readout.replaceChildren(isTable ? `position ${row}` : make("b", {}, `${names(row)} (position ${row})`),
        `, dimension ${embedding.dimensions[column]}: ${fixed(values[row][column], 4)}`);
    });
    const paint = () => {
      const largest = Math.max(...values.flat().map(Math.abs));
      const [cold, paper, warm] = ["--cold", "--faint", "--warm"].map(channels);
      paintMatrix(canvas, values, (value) => between(paper, value < 0 ? cold : warm, Math.min(1, Math.abs(value) / largest)));
    };
    paint();
    whenThemeChanges(paint);
    const labels = isTable ? [make("span", {}, "0"), make("span", {}, `${values.length - 1}`)] : values.map((_, i) => make("span", { dir: "auto" }, names(i)));
    root.append(make("div", { class: isTable ? "labels ends" : "labels" }, ...labels), canvas, make("span"),
      make("div", { class: "axis" }, make("span", {}, "dimension 0"), make("span", {}, `${embedding.dimensions.at(-1)}`)));
  }
}

function drawSteps() {
  const buttons = it.steps.map((step, index) => {
    const tint = `background: color-mix(in srgb, var(--target) ${Math.round(4 + 30 * step.probability)}%, var(--card))`;
    return make("button", { type: "button", style: tint, onclick: () => show(index), onfocus: () => show(index),
      "aria-label": `step ${index + 1}: ${it.target.pieces[index]}` },
      make("b", {}, it.target.pieces[index]), make("small", {}, percent(step.probability)));
  });
  moveByArrows(buttons, (key, index) => buttons[index + STEP[key]]);
  find("#strip").append(...buttons);
  function show(index) {
    buttons.forEach((button, i) => button.classList.toggle("is-on", i === index));
    const step = it.steps[index];
    const chosen = it.target.ids[index];
    find("#so-far").replaceChildren(`${it.decoder_input.slice(0, index + 1).join(" ")} `,
      make("span", { class: "next" }, it.target.pieces[index]));
    const shown = step.candidates.map(({ id, piece, probability }) => [piece, probability, id === chosen]);
    if (!shown.some(([, , isChosen]) => isChosen)) shown.push([it.target.pieces[index], step.probability, true]);
    shown.push(["all others", step.others, false]);
    find("#bars").replaceChildren(...shown.flatMap(([piece, probability, isChosen]) => {
      const is = isChosen ? " is-chosen" : "";
      return [make("span", { class: `name${is}`, dir: "auto" }, piece),
        make("span", { class: `bar${is}` }, make("i", { style: `width:${100 * probability}%` })),
        make("span", { class: "value" }, percent(probability))];
    }));
  }
  show(0);
}

function drawTree() {
  const [stepWidth, rowHeight, width, height] = [101, 31, 76, 24];
  const nodes = it.search.nodes.map((node, index) => ({ ...node, index, children: [] }));
  for (const node of nodes) if (node.parent !== null) nodes[node.parent].children.push(node);
  const pathOf = (node) => (node.parent === null ? [node] : [...pathOf(nodes[node.parent]), node]);
  const textOf = (node) => pathOf(node).slice(1).map(({ piece }) => piece).filter((piece) => piece !== "</s>")
    .join("").replaceAll("\u2581", " ").trim();
  const root = find("#tree");
  const readout = find("#tree-readout");
  function render() {
    const shown = nodes.filter((node) => find("#show-pruned").checked || node.status !== "pruned");
    const columns = [];
    for (const node of shown) (columns[node.step] ??= []).push(node);
    for (const column of columns) column.forEach((node, row) => Object.assign(node, { row, x: 6 + stepWidth * node.step, y: 24 + rowHeight * row }));
    const svg = draw("svg", { class: "tree", width: 12 + stepWidth * columns.length, height: 30 + rowHeight * Math.max(...columns.map((c) => c.length)) });
    columns.forEach((_, step) => svg.append(draw("text", { class: "step", x: 6 + stepWidth * step + width / 2, y: 13 }, step ? `step ${step}` : "start")));
    const edges = new Map();
    for (const node of [...shown].sort((a, b) => a.is_best - b.is_best)) {
      if (node.parent === null) continue;
      const from = nodes[node.parent];
      const [x1, y1, x2, y2] = [from.x + width, from.y + height / 2, node.x, node.y + height / 2];
      const edge = draw("path", { class: node.is_best && "best", d: `M${x1} ${y1} C${x1 + 18} ${y1} ${x2 - 18} ${y2} ${x2} ${y2}` });
      edges.set(node.index, edge);
      svg.append(edge);
    }
    const groups = new Map(shown.map((node) => {
      const piece = [...node.piece].length > 10 ? [...node.piece].slice(0, 9).join("") + "…" : node.piece;
      const group = draw("g", { class: `${node.status}${node.is_best ? " best" : ""}`, role: "button",
        "aria-label": `${node.status}: ${textOf(node)}, log-probability ${node.log_prob.toFixed(3)}`,
        onmouseenter: () => show(node), onfocus: () => show(node) },
        draw("rect", { x: node.x, y: node.y, width, height, rx: 7 }),
        draw("text", { x: node.x + width / 2, y: node.y + 16.5 }, piece));
      svg.append(group);
      return [node.index, group];
    }));
    moveByArrows([...groups.values()], (key, place) => {
      const node = shown[place];
      const next = { ArrowLeft: nodes[node.parent ?? 0], ArrowUp: columns[node.step][node.row - 1], ArrowDown: columns[node.step][node.row + 1],
        ArrowRight: node.children.find((child) => child.is_best && groups.has(child.index)) ?? node.children.find((child) => groups.has(child.index)) }[key];
      return next && groups.get(next.index);
    });
    function show(node) {
      const path = new Set(pathOf(node).map(({ index }) => index));
      for (const [index, group] of groups) group.classList.toggle("is-on", path.has(index));
      for (const [index, edge] of edges) edge.classList.toggle("is-on", path.has(index));
      readout.replaceChildren(make("b", {}, textOf(node) || "the start"), ` – ${node.status}, log-probability ${fixed(node.log_prob)}`,
        node.step ? `, score ${fixed(node.score)}` : "");
    }
    root.replaceChildren(svg);
  }
  render();
  find("#show-pruned").addEventListener("change", render);
  const finished = nodes.filter((node) => node.status === "finished").sort((a, b) => b.score - a.score);
  find("#finished tbody").append(...finished.map((node) => make("tr", {}, make("td", { dir: "auto" }, node.is_best ? make("strong", {}, textOf(node)) : textOf(node)),
    make("td", { class: "number" }, fixed(node.log_prob)), make("td", { class: "number" }, `${node.step}`), make("td", { class: "number" }, fixed(node.score, 4)))));
}

function drawScore() {
  const lowest = Math.min(...it.steps.map((step) => step.log_prob), -1);
  find("#tokens tbody").append(...it.steps.map((step, index) => make("tr", {}, make("td", { dir: "auto" }, it.target.pieces[index]),
    make("td", { class: "number" }, percent(step.probability)), make("td", { class: "number" }, fixed(step.log_prob)), make("td", { class: "number" }, `${step.rank}`),
    make("td", {}, make("span", { class: "lack", style: `width:${(110 * step.log_prob) / lowest}px` })))));
}

drawAttentions();
drawHeats();
drawSteps();
drawTree();
drawScore();
