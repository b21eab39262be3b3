"use strict";
// Payloads that a browser can decode: the files of other formats that they are, made whole. See docs/format/.

const CODECS = {
  1: "jpeg", 2: "jpegfile", 3: "jpeg2000", 4: "webp", 5: "avif", 6: "lepton", 8: "layered", 16: "learned", 17: "compact",
  19: "recurrent", 20: "ccnn", 21: "superres", 22: "generative",
};
const PAINTING = ["superres", "generative"]; // they invent detail
const RESTORERS = { 1: "tuned", 2: "luma" };
const ENLARGED = { compact: { own: 116, does: "enlarges it" }, superres: { own: 118, does: "paints it large" } };
const JFIF = [0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0];

const u8 = (...parts) => {
  const arrays = parts.map((part) => (typeof part === "string" ? new TextEncoder().encode(part) : Uint8Array.from(part)));
  const whole = new Uint8Array(arrays.reduce((sum, { length }) => sum + length, 0));
  arrays.reduce((at, array) => (whole.set(array, at), at + array.length), 0);
  return whole;
};
const u16 = (value) => [value >>> 8, value & 255];
const u32 = (value) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
const ascii = (bytes, start, end) => String.fromCharCode(...bytes.subarray(start, end));

/**
 * The picture of a file that a browser can decode: { bytes, type, width, height, planes, what }. `planes` is true for
 * lossless AVIF: three gray planes below each other. `what` says in words what is shown. Throws NncError: CorruptFile,
 * LimitExceeded, or UnsupportedFile for codecs that no browser has.
 */
function browserPicture(nnc) {
  check(nnc.width * nnc.height <= MAX_PIXELS, `${nnc.width} x ${nnc.height} is more than ${MAX_PIXELS} pixels`, "LimitExceeded");
  const [payload] = sectionsOf(nnc, "payload");
  const whole = { width: nnc.width, height: nnc.height, colour: nnc.colour, version: nnc.version };
  const name = CODECS[nnc.codec];
  if (name === "layered") {
    check(payload.length > 0, "the layered payload is empty");
    const times = payload[0] & 3;
    check(times > 0, "a layered payload of no scale");
    const cursor = new Cursor(payload.subarray(1));
    const small = cursor.take(cursor.number());
    const base = inner(payload[0] >> 3, small, halved(whole, times));
    return { ...base, what: `the first layer, at 1/${2 ** times} of the size` };
  }
  if (name in ENLARGED) {
    const head = payload[0] === ENLARGED[name].own ? 20 : 4; // a hash names weights of the user's own
    check(payload.length > head, `a ${name} payload of ${payload.length} bytes`);
    const quarter = name === "superres" && payload[head - 1] & 16;
    const base = inner(payload[head - 3], payload.subarray(head), halved(whole, quarter ? 2 : 1));
    return { ...base, what: `the ${quarter ? "quarter" : "half"}-size picture, without the network that ${ENLARGED[name].does}` };
  }
  check(!sectionsOf(nnc, "layer").length || name === "recurrent", `${name} has no layers, this file does`, "UnsupportedFile");
  const restorers = restorersOf(nnc);
  const without = restorers.length ? `, without ${restorers.map((n) => RESTORERS[n] || n).join(" and ")}` : "";
  return { ...inner(nnc.codec, payload, whole), what: `the base layer${without}` };
}

function halved({ width, height, colour }, times) {
  const half = (side) => Math.ceil(side / 2 ** times);
  return { width: half(width), height: half(height), colour, version: 2 };
}

/** A payload of a codec that builds on no other, as a file. */
function inner(codec, payload, frame) {
  const name = CODECS[codec];
  if (name === "jpeg" || name === "jpegfile") return { ...frame, ...jpeg(payload, frame, name === "jpeg") };
  if (name === "webp") return { ...frame, ...webp(payload, frame) };
  if (name === "avif") return { ...frame, ...avif(payload, frame) };
  throw new NncError("UnsupportedFile", `no browser decodes ${name || `codec number ${codec}`}`);
}

function checkSize(width, height, frame, rows = frame.height) {
  check(width === frame.width && height === rows, `the payload is ${width} x ${height}, the file says ${frame.width} x ${rows}`);
}

function jpeg(bytes, frame, bare) {
  check(bytes[0] === 0xff && bytes[1] === 0xd8, "the payload is no JPEG file");
  for (let at = 2; ; at += 2 + ((bytes[at + 2] << 8) | bytes[at + 3])) {
    while (bytes[at] === 0xff && bytes[at + 1] === 0xff) at++;
    check(at + 9 < bytes.length && bytes[at] === 0xff, "the JPEG payload has no frame");
    const marker = bytes[at + 1];
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      checkSize((bytes[at + 7] << 8) | bytes[at + 8], (bytes[at + 5] << 8) | bytes[at + 6], frame);
      check((bytes[at + 9] === 1) === !frame.colour, `the JPEG payload has ${bytes[at + 9]} components`);
      break;
    }
  }
  // A JFIF segment says YCbCr; payloads of codec 1 may leave it out, and are YCbCr all the same.
  const whole = bare && ascii(bytes, 6, 10) !== "JFIF" ? u8(bytes.subarray(0, 2), JFIF, bytes.subarray(2)) : bytes;
  return { bytes: whole, type: "image/jpeg", planes: false };
}

function webp(bytes, frame) {
  const kind = ascii(bytes, 12, 16);
  check(ascii(bytes, 0, 4) === "RIFF" && ascii(bytes, 8, 12) === "WEBP" && bytes.length > 30, "the payload is no WebP file");
  check(kind === "VP8 " || kind === "VP8L", "the WebP payload has alpha or is animated");
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (kind === "VP8 ") checkSize(view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff, frame);
  else checkSize((view.getUint32(21, true) & 0x3fff) + 1, ((view.getUint32(21, true) >>> 14) & 0x3fff) + 1, frame);
  return { bytes, type: "image/webp", planes: false };
}

/** The AVIF file around a bare AV1 picture, box for box as libavif writes it; version 1 of the format kept it whole. */
function avif(payload, frame) {
  if (frame.version === 1) return { bytes: payload, type: "image/avif", planes: frame.colour && !/MA1A/.test(ascii(payload, 0, 40)) };
  const unit = 2 + payload[1];
  check(payload[0] === 0x0a && payload[1] < 0x80 && payload[unit] === 0x30, "the AVIF payload is not a single still picture");
  const header = sequenceHeader(payload.subarray(2, unit));
  const planes = frame.colour && header.gray;
  check(frame.colour || header.gray, "the AVIF payload has colour, the file says gray");
  checkSize(header.width, header.height, frame, planes ? 3 * frame.height : frame.height);
  const coded = payload.subarray(unit + 1);
  const item = u8([0x12, 0], payload.subarray(0, unit), [0x32], leb128(coded.length), coded);
  return { bytes: wrapped(header, item), type: "image/avif", planes };
}

function leb128(value) {
  const out = [];
  for (; value >= 0x80; value = Math.floor(value / 128)) out.push((value & 0x7f) | 0x80);
  return [...out, value];
}

/** The sequence header of a reduced still picture, gray or 4:4:4 (AV1 specification, 5.5). */
function sequenceHeader(bytes) {
  let at = 0;
  const take = (n) => {
    let value = 0;
    for (; n > 0; n--, at++) {
      check(at >> 3 < bytes.length, "the AV1 sequence header ends early");
      value = value * 2 + ((bytes[at >> 3] >> (7 - (at & 7))) & 1);
    }
    return value;
  };
  const profile = take(3), still = take(2), level = take(5), widthBits = take(4) + 1, heightBits = take(4) + 1;
  const width = take(widthBits) + 1, height = take(heightBits) + 1;
  take(6);
  const deep = take(1), gray = profile === 0 ? take(1) : 0;
  check(profile < 2 && still === 3 && !deep && gray !== profile && take(1), "the AVIF payload is not 8 bits of 4:4:4 or gray");
  return { profile, level, width, height, gray: !!gray, colour: [take(8), take(8), take(8)], full: take(1) };
}

function wrapped(header, item) {
  const box = (kind, ...content) => {
    const body = u8(...content);
    return u8(u32(8 + body.length), kind, body);
  };
  const plain = [0, 0, 0, 0];
  const planes = header.gray ? 1 : 3;
  const properties = box(
    "ipco",
    box("ispe", plain, u32(header.width), u32(header.height)),
    box("pixi", plain, [planes], Array(planes).fill(8)),
    box("av1C", [0x81, (header.profile << 5) | header.level, header.gray ? 0b11100 : 0, 0]),
    box("colr", "nclx", ...header.colour.map(u16), [header.full << 7]),
  );
  const meta = (start) => box(
    "meta", plain,
    box("hdlr", plain, plain, "pict", Array(13).fill(0)),
    box("pitm", plain, [0, 1]),
    box("iloc", plain, [0x44, 0, 0, 1, 0, 1, 0, 0, 0, 1], u32(start), u32(item.length)),
    box("iinf", plain, [0, 1], box("infe", [2, 0, 0, 0, 0, 1, 0, 0], "av01Color\0")),
    box("iprp", properties, box("ipma", plain, [0, 0, 0, 1, 0, 1, 4, 1, 2, 0x83, 4])),
  );
  const ftyp = box("ftyp", "avif", plain, "avif", "mif1", "miaf", header.gray ? "" : "MA1A");
  return u8(ftyp, meta(ftyp.length + meta(0).length + 8), box("mdat", item));
}

/** The Exif orientation, 1 to 8, of a TIFF structure; 1 if there is none. */
function orientationOf(exif) {
  if (!exif || exif.length < 14) return 1;
  const view = new DataView(exif.buffer, exif.byteOffset, exif.length);
  const little = ascii(exif, 0, 2) === "II";
  const first = view.getUint32(4, little);
  if (first + 2 > exif.length) return 1;
  for (let i = 0, at = first + 2; i < view.getUint16(first, little) && at + 12 <= exif.length; i++, at += 12)
    if (view.getUint16(at, little) === 0x0112) {
      const value = view.getUint16(at + 8, little);
      return value >= 1 && value <= 8 ? value : 1;
    }
  return 1;
}
