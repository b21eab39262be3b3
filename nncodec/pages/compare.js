"use strict";
// The page of `nnc compare --html`: two pictures with a line between them, and the map of their differences.

const $ = (id) => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const images = Object.fromEntries(["a", "b", "difference"].map((name) => [name, make("img", { src: data[name].src, alt: name, draggable: false })]));
const slider = $("slider");
let mode = "slider";
let line = 0.5; // of the width of the stage

const stage = new Stage($("stage"), (place) => {
  $("scale").textContent = percent(place.scale);
  divide(place);
});

/** Show A left of the line and B right of it, whatever the place of the sheet. */
function divide({ x, scale }) {
  const both = mode === "slider";
  slider.hidden = !both;
  $("labelA").hidden = !both && mode !== "a";
  $("labelB").hidden = !both && mode !== "b";
  for (const [name, image] of Object.entries(images)) image.hidden = both ? name === "difference" : name !== mode;
  const at = line * $("stage").clientWidth;
  images.b.style.clipPath = both ? `inset(0 0 0 ${Math.max(0, (at - x) / scale)}px)` : "";
  images.a.style.clipPath = both ? `inset(0 ${Math.max(0, data.width - (at - x) / scale)}px 0 0)` : "";
  slider.style.left = `${at}px`;
  slider.ariaValueNow = String(Math.round(100 * line));
}

function put(fraction) {
  line = Math.min(Math.max(fraction, 0), 1);
  divide(stage.place);
}

function choose(wanted) {
  mode = wanted;
  for (const button of document.querySelectorAll("[data-mode]")) button.ariaPressed = String(button.dataset.mode === mode);
  divide(stage.place);
}

slider.addEventListener("pointerdown", (event) => {
  const box = $("stage").getBoundingClientRect();
  dragged(slider, event, ({ clientX }) => put((clientX - box.left) / box.width));
});
slider.addEventListener("keydown", ({ key, shiftKey }) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
  if (step) put(line + step * (shiftKey ? 0.1 : 0.01));
});
for (const button of document.querySelectorAll("[data-mode]")) button.addEventListener("click", () => choose(button.dataset.mode));
addEventListener("keydown", ({ key, ctrlKey, metaKey }) => {
  const wanted = { s: "slider", a: "a", b: "b", d: "difference" }[key.toLowerCase()];
  if (wanted && !ctrlKey && !metaKey) choose(wanted);
});
bindZoom(stage);

for (const [letter, { name, bytes, bpp }] of [["A", data.a], ["B", data.b]])
  $("files").append(make("h1", {}, make("b", { textContent: letter }), name), make("p", { textContent: `${grouped(bytes)} bytes, ${bpp} bits per pixel` }));
const measures = [["Size", `${data.width} × ${data.height}`], ["Bytes, B / A", data.ratio], ...data.measures];
$("measures").append(...measures.flatMap(([term, text]) => [make("dt", { textContent: term }), make("dd", { textContent: text })]));
stage.show(data.width, data.height, images.a, images.b, images.difference);
choose("slider");
