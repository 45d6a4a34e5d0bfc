"use strict";
// What the pages share: making elements, writing numbers, moving between them by keyboard. Text is only ever set as text.

function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function draw(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const fixed = (value, digits = 3) => value.toFixed(digits).replace("-", "\u2212");
const percent = (value) => (value >= 0.0995 ? (100 * value).toFixed(0) : (100 * value).toPrecision(2)) + "\u202f%";
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Of many buttons one is in the tab order; arrow keys go to the others. `next(key, index)` says where, or undefined.
function moveByArrows(buttons, next) {
  buttons.forEach((button, index) => {
    button.setAttribute("tabindex", index === 0 ? "0" : "-1");
    button.addEventListener("keydown", (event) => {
      const target = next(event.key, index);
      if (target === undefined) return;
      event.preventDefault();
      target.focus();
    });
    button.addEventListener("focus", () => {
      for (const other of buttons) other.setAttribute("tabindex", other === button ? "0" : "-1");
    });
  });
}

const STEP = { ArrowDown: 1, ArrowUp: -1, ArrowRight: 1, ArrowLeft: -1 };

// A color of the page as numbers, so that a canvas can mix it.
function channels(name) {
  const hex = color(name);
  return [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));
}

function paintMatrix(canvas, rows, mix) {
  canvas.width = rows[0].length;
  canvas.height = rows.length;
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  rows.forEach((row, y) => row.forEach((value, x) => image.data.set([...mix(value), 255], 4 * (y * row.length + x))));
  context.putImageData(image, 0, 0);
}

const between = (from, to, share) => from.map((start, i) => Math.round(start + (to[i] - start) * share));

function whenThemeChanges(redraw) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}
