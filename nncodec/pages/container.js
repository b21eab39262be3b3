"use strict";
// The .nnc container: bytes to header and sections, as docs/format/container.md lays it out. Every rule of the page that
// needs no pixel is checked; an error has the name that the page gives it.

const MAGIC = [0x8e, 0x6e, 0x6e, 0x63];
const VERSIONS = [1, 2];
const KINDS = {
  0x03: "icc", 0x10: "payload", 0x12: "alpha", 0x14: "layer", 0x16: "restorer", 0x21: "exif", 0x23: "xmp", 0x25: "iptc",
};
const REPEATABLE = ["layer", "restorer"];
/** By a restorer's wire number, the number in the place of a model's that says that a hash of 16 bytes follows. */
const OWN_WEIGHTS = { 1: 113, 2: 114 };
const METADATA = ["icc", "exif", "xmp", "iptc"];
const MAX_SIDE = 2 ** 24 - 1;
const MAX_METADATA = 2 ** 24;
const MAX_PIXELS = 178956970;
const LAST = 0x80;
const COLOUR = 1, ALPHA = 2, DEEP = 4;

class NncError extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

function check(condition, message, name = "CorruptFile") {
  if (!condition) throw new NncError(name, message);
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0xedb88320 : byte >>> 1;
  return byte;
});

/** CRC-32 of bytes that follow others, whose CRC-32 is `crc`. */
function crc32(bytes, crc = 0) {
  crc = ~crc;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** A position in a file, and the checksum of what lies before it, earlier checksums left out. */
class Cursor {
  constructor(data) {
    this.data = data;
    this.at = 0;
    this.crc = 0;
  }

  take(length) {
    check(length <= this.data.length - this.at, `the file ends early: ${length} bytes expected at offset ${this.at}`);
    const piece = this.data.subarray(this.at, this.at + length);
    this.at += length;
    this.crc = crc32(piece, this.crc);
    return piece;
  }

  /** The next LEB128 number: below 2^32, in its shortest form. */
  number() {
    let value = 0;
    for (let count = 0; count < 5; count++) {
      const [byte] = this.take(1);
      value += (byte & 0x7f) * 2 ** (7 * count);
      if (byte < 0x80) {
        check(byte > 0 || count === 0, "a number is not in its shortest form");
        check(value < 2 ** 32, "a number is larger than 32 bits hold");
        return value;
      }
    }
    throw new NncError("CorruptFile", "a number is longer than 5 bytes");
  }

  checksum() {
    const expected = this.crc;
    const stated = this.take(4);
    check(new DataView(stated.buffer, stated.byteOffset).getUint32(0, true) === expected, "checksum mismatch");
    this.crc = expected;
  }
}

/** The header and sections of a whole file, a Uint8Array; throws NncError. */
function readContainer(data) {
  const cursor = new Cursor(data);
  check(MAGIC.every((byte, i) => data[i] === byte), "not an .nnc file");
  cursor.take(MAGIC.length);
  const [version] = cursor.take(1);
  check(VERSIONS.includes(version), `format version ${version}; this page reads ${VERSIONS.join(" and ")}`, "UnsupportedFile");
  const [codec, mode] = cursor.take(2);
  const header = {
    version, codec, width: cursor.number(), height: cursor.number(),
    colour: !!(mode & COLOUR), alpha: !!(mode & ALPHA), depth: mode & DEEP ? 16 : 8,
  };
  const sections = [];
  for (let last = false; !last; ) {
    const [tag] = cursor.take(1);
    const content = cursor.take(cursor.number());
    cursor.checksum();
    check(!(mode & ~(COLOUR | ALPHA | DEEP)), "unknown picture mode bits", "UnsupportedFile");
    last = !!(tag & LAST);
    const kind = tag & ~LAST;
    sections.push({ kind, name: KINDS[kind] || `unknown-${kind}`, data: content });
  }
  check(cursor.at === data.length, `${data.length - cursor.at} bytes after the last section`);
  checkRules(header, sections);
  return { ...header, sections, size: data.length };
}

function checkRules(header, sections) {
  const foreign = sections.find(({ kind }) => !KINDS[kind] && kind % 2 === 0 && kind > 0);
  check(!foreign, `unknown critical section ${foreign && foreign.kind}`, "UnsupportedFile");
  const { codec, width, height } = header;
  check(codec >= 1, "codec number 0");
  check(width >= 1 && height >= 1 && width <= MAX_SIDE && height <= MAX_SIDE, `picture size ${width} x ${height}`);
  check(header.depth === 8 || !(header.colour || header.alpha), "16 bits per sample, but not plain gray");
  check(sections.every(({ kind }) => kind > 0), "section of kind 0");
  sections.slice(1).forEach(({ kind, name }, i) => {
    const before = sections[i].kind;
    check(kind > before || (kind === before && REPEATABLE.includes(name)), `section ${kind} after section ${before}`);
  });
  const names = sections.map(({ name }) => name);
  check(names.includes("payload"), "no payload");
  check(names.includes("alpha") === header.alpha, "the alpha section is not as the header says");
  for (const { name, data } of sections.filter(({ name }) => METADATA.includes(name)))
    check(data.length > 0 && data.length <= MAX_METADATA, `${name} section of ${data.length} bytes`);
}

/** The content of the sections of this name, in file order. */
function sectionsOf(nnc, name) {
  return nnc.sections.filter((section) => section.name === name).map(({ data }) => data);
}

/** The wire numbers of the restorers, each bound to this payload and named once; throws NncError. */
function restorersOf(nnc) {
  const binding = [...sectionsOf(nnc, "payload"), ...sectionsOf(nnc, "layer")].reduce((crc, data) => crc32(data, crc), 0);
  const numbers = sectionsOf(nnc, "restorer").map((data) => {
    check(data.length >= 5, `restorer section of ${data.length} bytes`);
    check(new DataView(data.buffer, data.byteOffset).getUint32(1, true) === binding, "restorer made for another payload");
    check(data[5] !== OWN_WEIGHTS[data[0]] || data.length >= 22, "the hash of a restorer's own weights is cut short");
    return data[0];
  });
  check(new Set(numbers).size === numbers.length, "a restorer comes twice");
  return numbers;
}
