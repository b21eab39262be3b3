"use strict";
// The page of `nnc view`: files inside the page or dropped on it, each as the full picture where nnc has put that into
// the page, and as the base that this browser decodes.

const $ = (id) => document.getElementById(id);
const stage = new Stage($("stage"), ({ scale }) => ($("scale").textContent = percent(scale)));
const entries = [];
let current = null;

/** Read a file and list it; `full` is the URL of the picture that nnc decoded, if it did. */
async function add(name, bytes, full) {
  const entry = { name, size: bytes.length, views: [], problem: "" };
  entries.push(entry);
  try {
    entry.nnc = readContainer(bytes);
    if (full) entry.views.push({ label: "Full picture", what: "the full picture, as nnc decoded it", picture: await imageOf(full) });
    const { canvas, what } = await draw(entry.nnc);
    entry.views.push({ label: full ? "Base" : "Picture", what: `${what}, as this browser decodes it`, picture: canvas });
  } catch (error) {
    if (!(error instanceof NncError)) throw error;
    entry.problem = error.message;
    entry.damaged = error.name === "CorruptFile";
    if (entry.damaged) entry.views = [];
  }
  entry.view = entry.views[0];
  list();
  select(entry);
}

async function imageOf(url) {
  const image = make("img", { src: url, alt: "", draggable: false });
  await image.decode();
  return image;
}

function select(entry) {
  current = entry;
  $("empty").hidden = true;
  document.body.classList.add("filled");
  show(entry.view);
  describe(entry);
  for (const tile of $("strip").children) tile.ariaCurrent = String(tile.entry === entry);
}

function show(view) {
  current.view = view;
  $("refusal").hidden = !!view;
  $("stage").hidden = !view;
  if (view) stage.show(...sizeOf(current), view.picture);
  else refuse(current);
  $("views").replaceChildren(...(current.views.length > 1 ? current.views.map(choice) : []));
  $("what").textContent = view ? `Shown: ${view.what}.` : "";
}

/** The sides of the whole picture, upright; that of a small first layer is stretched to them. */
function sizeOf({ nnc, views }) {
  const [{ picture }] = views;
  const [width, height] = [picture.naturalWidth || picture.width, picture.naturalHeight || picture.height];
  const turned = (width - height) * (nnc.width - nnc.height) < 0;
  return turned ? [nnc.height, nnc.width] : [nnc.width, nnc.height];
}

function choice(view) {
  const button = make("button", { type: "button", textContent: view.label, onclick: () => show(view) });
  button.ariaPressed = String(view === current.view);
  return button;
}

function refuse({ name, problem, damaged }) {
  const advice = damaged
    ? "The file is damaged, cut short or no .nnc file. ‘nnc decode --partial’ decodes what is sound of it."
    : `‘nnc view ${name}’ makes a page with the decoded picture inside.`;
  $("refusal").replaceChildren(
    make("h2", { textContent: damaged ? "Refused" : "Not shown" }), make("p", { textContent: `${sentence(problem)}.` }), make("p", { textContent: advice }),
  );
}

function sentence(text) {
  return text[0].toUpperCase() + text.slice(1);
}

function describe({ name, size, nnc, views, problem }) {
  $("name").textContent = name;
  const facts = nnc ? factsOf(nnc) : [["Bytes", grouped(size)]];
  $("facts").replaceChildren(...facts.flatMap(([term, text]) => [make("dt", { textContent: term }), make("dd", { textContent: text })]));
  $("sections").replaceChildren(...(nnc ? nnc.sections.map(({ name, data }) => sectionRow(name, data.length, size)) : []));
  $("sectionsTitle").hidden = !nnc;
  const notes = nnc && views.some(({ picture }) => picture.tagName === "CANVAS") ? notesOf(nnc) : [];
  if (nnc && PAINTING.includes(CODECS[nnc.codec])) notes.push("The whole picture has invented detail: it may not have been there.");
  if (problem && views.length) notes.push(`The base is not shown: ${problem}.`);
  $("notes").replaceChildren(...notes.map((note) => make("li", { textContent: note })));
}

function factsOf(nnc) {
  const mode = nnc.depth === 16 ? "gray, 16 bits" : (nnc.colour ? "colour" : "gray") + (nnc.alpha ? " with alpha" : "");
  const restorers = sectionsOf(nnc, "restorer").map((data) => RESTORERS[data[0]] || `number ${data[0]}`);
  return [
    ["Size", `${nnc.width} × ${nnc.height}`],
    ["Samples", mode],
    ["Codec", CODECS[nnc.codec] || `number ${nnc.codec}`],
    ...(restorers.length ? [["Restorers", restorers.join(", ")]] : []),
    ["Bytes", grouped(nnc.size)],
    ["Bits per pixel", ((8 * nnc.size) / (nnc.width * nnc.height)).toFixed(3)],
    ["Format", `version ${nnc.version}`],
  ];
}

function notesOf(nnc) {
  const notes = [];
  if (sectionsOf(nnc, "restorer").length) notes.push("The base is shown without the networks that repair it.");
  if (sectionsOf(nnc, "icc").length) notes.push("The base is shown without the colour profile of the file.");
  return notes;
}

function sectionRow(name, bytes, size) {
  const bar = make("i");
  bar.style.width = `${(100 * bytes) / size}%`;
  return make("tr", {}, make("td", { textContent: name }), make("td", { textContent: grouped(bytes) }), make("td", {}, bar));
}

function list() {
  $("strip").hidden = entries.length < 2;
  $("strip").replaceChildren(...entries.map((entry) => {
    const tile = make("button", { type: "button", title: entry.name, onclick: () => select(entry) }, small(entry), make("span", { textContent: entry.name }));
    return Object.assign(tile, { entry });
  }));
}

function small({ view }) {
  if (!view) return make("b", { textContent: "!" });
  const { picture } = view;
  const [width, height] = [picture.naturalWidth || picture.width, picture.naturalHeight || picture.height];
  const scale = Math.min(1, 96 / Math.max(width, height));
  const canvas = canvasOf(Math.max(1, width * scale), Math.max(1, height * scale));
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas;
}

async function addFiles(files) {
  for (const file of files) await add(file.name, new Uint8Array(await file.arrayBuffer()));
}

addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("over");
});
addEventListener("dragleave", (event) => event.relatedTarget || document.body.classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("over");
  addFiles(event.dataTransfer.files);
});
$("files").addEventListener("change", ({ target }) => addFiles(target.files));
addEventListener("keydown", ({ key }) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
  const next = step && entries[entries.indexOf(current) + step];
  if (next) select(next);
});
bindZoom(stage);

(async () => {
  for (const { name, nnc, full } of JSON.parse($("data").textContent))
    await add(name, Uint8Array.from(atob(nnc), (letter) => letter.charCodeAt(0)), full);
  if (entries.length) select(entries[0]);
})();
