"use strict";
// A stage on which pictures of one size lie above each other, to be moved and magnified together.

const MOST = 64;
const MOST_FITTED = 16;
const MARGIN = 10;

class Stage {
  /** `element` holds one child, the sheet, on which the pictures lie. `changed` is called after each move. */
  constructor(element, changed = () => {}) {
    this.element = element;
    this.sheet = element.firstElementChild;
    this.changed = changed;
    this.size = [1, 1];
    this.place = { x: 0, y: 0, scale: 1 };
    this.fitted = true;
    element.addEventListener("wheel", (event) => this.wheeled(event), { passive: false });
    element.addEventListener("pointerdown", (event) => this.grabbed(event));
    element.addEventListener("dblclick", (event) => (this.fitted ? this.actual(event.clientX, event.clientY) : this.fit()));
    new ResizeObserver(() => (this.fitted ? this.fit() : this.moved())).observe(element);
  }

  /** Put pictures on the sheet, stretched to `width` x `height` pixels; a sheet of the same size keeps its place. */
  show(width, height, ...pictures) {
    const same = String(this.size) === String([width, height]);
    this.size = [width, height];
    this.sheet.style.width = `${width}px`;
    this.sheet.style.height = `${height}px`;
    this.sheet.replaceChildren(...pictures);
    same ? this.moved() : this.fit();
  }

  fit() {
    const { clientWidth, clientHeight } = this.element;
    if (!clientWidth) return; // hidden
    const [width, height] = this.size;
    const scale = Math.min((clientWidth - 2 * MARGIN) / width, (clientHeight - 2 * MARGIN) / height, MOST_FITTED);
    this.place = { scale, x: (clientWidth - width * scale) / 2, y: (clientHeight - height * scale) / 2 };
    this.fitted = true;
    this.moved();
  }

  /** One pixel of the picture on one of the screen. */
  actual(clientX, clientY) {
    this.zoom(1 / devicePixelRatio / this.place.scale, clientX, clientY);
  }

  /** Magnify about a point of the window, the middle of the stage if none is given. */
  zoom(factor, clientX, clientY) {
    const box = this.element.getBoundingClientRect();
    const [x, y] = [(clientX ?? box.left + box.width / 2) - box.left, (clientY ?? box.top + box.height / 2) - box.top];
    const scale = Math.min(Math.max(this.place.scale * factor, 1 / MOST), MOST);
    const ratio = scale / this.place.scale;
    this.place = { scale, x: x - (x - this.place.x) * ratio, y: y - (y - this.place.y) * ratio };
    this.fitted = false;
    this.moved();
  }

  moved() {
    const { x, y, scale } = this.place;
    this.sheet.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    this.sheet.style.setProperty("--square", `${8 / scale}px`);
    this.sheet.classList.toggle("magnified", scale * devicePixelRatio >= 2);
    this.changed(this.place);
  }

  wheeled(event) {
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY / (event.ctrlKey ? 100 : 400)), event.clientX, event.clientY);
  }

  grabbed(event) {
    if (event.button || event.target.closest("[role=slider]")) return;
    const { x, y } = this.place;
    dragged(this.element, event, (moved) => {
      this.place = { ...this.place, x: x + moved.clientX - event.clientX, y: y + moved.clientY - event.clientY };
      this.fitted = false;
      this.moved();
    });
  }
}

/** Follow a pointer that was pressed on an element until it is let go. */
function dragged(element, event, move) {
  const ends = new AbortController();
  element.setPointerCapture(event.pointerId);
  element.addEventListener("pointermove", move, { signal: ends.signal });
  for (const end of ["pointerup", "pointercancel"]) element.addEventListener(end, () => ends.abort(), { signal: ends.signal });
}

/** Bind the zoom buttons and keys of a page to its stage. */
function bindZoom(stage) {
  const actions = { fit: () => stage.fit(), actual: () => stage.actual(), in: () => stage.zoom(1.5), out: () => stage.zoom(1 / 1.5) };
  const keys = { 0: "fit", 1: "actual", "+": "in", "=": "in", "-": "out" };
  for (const button of document.querySelectorAll("[data-zoom]")) button.addEventListener("click", actions[button.dataset.zoom]);
  addEventListener("keydown", ({ key, ctrlKey, metaKey }) => !ctrlKey && !metaKey && keys[key] && actions[keys[key]]());
}

/** A percentage for reading. */
function percent(scale) {
  return `${Math.round(scale * devicePixelRatio * 100)} %`;
}

/** A count in groups of three digits. */
function grouped(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** An element with attributes and content; text is never read as HTML. */
function make(tag, attributes = {}, ...content) {
  const element = Object.assign(document.createElement(tag), attributes);
  element.append(...content);
  return element;
}
