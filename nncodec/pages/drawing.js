"use strict";
// Pixels by the browser's own decoders: planes of lossless AVIF put together, alpha put in, the picture turned upright.

const AS_STORED = { premultiplyAlpha: "none", colorSpaceConversion: "none" };

/** The samples of a coded picture, as ImageData; throws NncError if the browser cannot decode it to this size. */
async function decoded(bytes, type, width, height) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(new Blob([bytes], { type }), AS_STORED);
  } catch {
    throw new NncError("UnsupportedFile", `this browser cannot decode the ${type} inside`);
  }
  const turned = type === "image/jpeg" && bitmap.width === height && bitmap.height === width; // by Exif of a kept JPEG
  check(turned || (bitmap.width === width && bitmap.height === height), "the payload is not of the size that the file says");
  const context = canvasOf(bitmap.width, bitmap.height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, bitmap.width, bitmap.height);
}

function canvasOf(width, height) {
  return Object.assign(document.createElement("canvas"), { width, height });
}

/** The base picture of a container, drawn upright: { canvas, what }. Throws NncError. */
async function draw(nnc) {
  const picture = browserPicture(nnc);
  const { width, height, planes } = picture;
  let image = await decoded(picture.bytes, picture.type, width, planes ? 3 * height : height);
  if (planes) image = unstacked(image, width, height);
  if (nnc.alpha) await putAlpha(image, sectionsOf(nnc, "alpha")[0], nnc);
  const canvas = canvasOf(image.width, image.height);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return { canvas: upright(canvas, orientationOf(sectionsOf(nnc, "exif")[0])), what: picture.what };
}

/** RGB from the planes G, R - G and B - G, modulo 256, that lie below each other (docs/format/avif.md). */
function unstacked({ data }, width, height) {
  const out = new ImageData(width, height);
  const plane = 4 * width * height;
  for (let i = 0; i < plane; i += 4) {
    const green = data[i];
    out.data[i] = (data[i + plane] + green) & 255;
    out.data[i + 1] = green;
    out.data[i + 2] = (data[i + 2 * plane] + green) & 255;
    out.data[i + 3] = 255;
  }
  return out;
}

/** Put the alpha section into an image, which may be smaller than the plane (docs/format/container.md, Alpha). */
async function putAlpha(image, section, nnc) {
  const constant = section.length === 1;
  const type = section[0] === 0x89 ? "image/png" : "image/webp";
  check(constant || section[0] === 0x89 || section[0] === 0x52, "the alpha section is of no known kind");
  const plane = constant ? null : (await decoded(section, type, nnc.width, nnc.height)).data;
  const step = nnc.width / image.width, down = nnc.height / image.height;
  for (let y = 0, i = 3; y < image.height; y++)
    for (let x = 0; x < image.width; x++, i += 4)
      image.data[i] = constant ? section[0] : plane[4 * (Math.floor(y * down) * nnc.width + Math.floor(x * step))];
}

/** A canvas turned as an Exif orientation says. */
function upright(canvas, orientation) {
  if (orientation === 1) return canvas;
  const { width: w, height: h } = canvas;
  const turned = orientation > 4 ? canvasOf(h, w) : canvasOf(w, h);
  const matrix = {
    2: [-1, 0, 0, 1, w, 0], 3: [-1, 0, 0, -1, w, h], 4: [1, 0, 0, -1, 0, h], 5: [0, 1, 1, 0, 0, 0],
    6: [0, 1, -1, 0, h, 0], 7: [0, -1, -1, 0, h, w], 8: [0, -1, 1, 0, 0, w],
  }[orientation];
  const context = turned.getContext("2d");
  context.setTransform(...matrix);
  context.drawImage(canvas, 0, 0);
  return turned;
}
