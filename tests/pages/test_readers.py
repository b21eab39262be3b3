"""The reader of .nnc files in JavaScript, run by Node: it takes and refuses the same files as the one in Python."""

import base64
import json
import shutil
import subprocess
import zlib
from pathlib import Path
from typing import Any

import pytest

from nncodec import names
from nncodec.codecs.avif import heif
from nncodec.container import Container, Header, Kind, Section, parse, serialize
from nncodec.errors import NncError
from nncodec.pages.assembly import part
from nncodec.restorers import all_restorers, make_section

ROOT = Path(__file__).resolve().parents[1]
NODE = shutil.which("node")
GOLDEN = sorted((ROOT / "golden").rglob("*.nnc"))
REFUSED = sorted((ROOT / "reject").rglob("*.nnc"))

DRIVER = """
const toBase64 = (bytes) => Buffer.from(bytes).toString("base64");
function look(bytes) {
  const found = {};
  try {
    const nnc = readContainer(bytes);
    found.header = [nnc.version, nnc.codec, nnc.width, nnc.height, nnc.colour, nnc.alpha, nnc.depth];
    found.sections = nnc.sections.map(({ kind, data }) => [kind, toBase64(data)]);
    const picture = browserPicture(nnc);
    found.picture = { ...picture, bytes: toBase64(picture.bytes) };
    found.orientation = orientationOf(sectionsOf(nnc, "exif")[0]);
  } catch (error) {
    found.error = error instanceof NncError ? error.name : String(error.stack);
  }
  return found;
}
const files = JSON.parse(require("fs").readFileSync(0)).map((file) => Uint8Array.from(Buffer.from(file, "base64")));
console.log(JSON.stringify({ codecs: CODECS, painting: PAINTING, restorers: RESTORERS, found: files.map(look) }));
"""

pytestmark = pytest.mark.skipif(NODE is None, reason="Node is not installed")


def ask(files: list[bytes]) -> dict[str, Any]:
    """What the scripts of the page say of files."""
    assert NODE is not None
    script = "\n".join([part("container.js"), part("payloads.js"), DRIVER])
    given = json.dumps([base64.b64encode(data).decode() for data in files])
    done = subprocess.run([NODE, "-e", script], input=given, capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def container_of(data: bytes) -> dict[str, Any]:
    """What Python says of header and sections, in the same words."""
    try:
        found = parse(data)
    except NncError as error:
        return {"error": type(error).__name__}
    header = found.header
    return {
        "header": [
            header.version,
            header.codec,
            header.width,
            header.height,
            header.colour,
            header.alpha,
            header.depth,
        ],
        "sections": [[s.kind, base64.b64encode(s.data).decode()] for s in found.sections],
    }


def test_whole_files_are_read_alike() -> None:
    files = [path.read_bytes() for path in GOLDEN]
    for path, data, found in zip(GOLDEN, files, ask(files)["found"], strict=True):
        assert {name: found[name] for name in ("header", "sections")} == container_of(data), path


def test_refused_files_are_refused_alike_and_none_provokes_another_error() -> None:
    files = [path.read_bytes() for path in REFUSED]
    for path, data, found in zip(REFUSED, files, ask(files)["found"], strict=True):
        expected = container_of(data)
        if "error" in expected:
            assert found.get("header") is None, path
            assert found["error"] == expected["error"], path
        assert found.get("error") in (None, "CorruptFile", "UnsupportedFile", "LimitExceeded"), (path, found)


def test_each_flipped_bit_and_each_cut_is_refused() -> None:
    """Of a file with every checksum; Python refuses all of them, too."""
    whole = (ROOT / "golden" / "container" / "metadata.nnc").read_bytes()
    flipped = [whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :] for at in range(len(whole))]
    cut = [whole[:length] for length in range(0, len(whole), 7)]
    damaged = [*flipped, *cut, whole + b"\0"]
    for data, found in zip(damaged, ask(damaged)["found"], strict=True):
        assert "header" not in found
        assert found["error"] == container_of(data)["error"]


def test_a_restorer_of_another_payload_is_refused() -> None:
    names_of = {path.name: path for path in REFUSED}
    bound = [path for name, path in names_of.items() if "restorer" in name or "binding" in name]
    assert bound
    for path, found in zip(bound, ask([path.read_bytes() for path in bound])["found"], strict=True):
        if "UnsupportedFile" not in path.name and "error" not in container_of(path.read_bytes()):
            assert found.get("error") == "CorruptFile", path


def test_a_restorer_that_comes_twice_and_layers_of_a_codec_without_are_refused() -> None:
    payload = Section(Kind.PAYLOAD, parse((ROOT / "golden" / "webp" / "rgb-60.nnc").read_bytes()).payload)
    restorer = Section(Kind.RESTORER, make_section(2, zlib.crc32(payload.data), b""))
    more = ((restorer,), (restorer, restorer), (Section(Kind.LAYER, b"x"),))
    files = [serialize(Container(Header(4, 56, 40, colour=True), (payload, *sections))) for sections in more]
    found = ask(files)["found"]
    assert [each.get("error") for each in found] == [None, "CorruptFile", "UnsupportedFile"]
    assert found[0]["picture"]["what"] == "the base layer, without luma"


def test_the_avif_file_is_the_one_that_python_makes() -> None:
    paths = sorted((ROOT / "golden" / "avif").glob("*.nnc"))
    for path, found in zip(paths, ask([path.read_bytes() for path in paths])["found"], strict=True):
        payload = parse(path.read_bytes()).payload
        assert base64.b64decode(found["picture"]["bytes"]) == heif.wrap(payload), path
        assert found["picture"]["planes"] == path.stem.startswith(("rgb-100", "rgba-100"))


def test_other_payloads_are_handed_on_as_they_are() -> None:
    for name in ("webp/rgb-60", "jpegfile/kept-jpeg"):
        data = (ROOT / "golden" / f"{name}.nnc").read_bytes()
        (found,) = ask([data])["found"]
        assert base64.b64decode(found["picture"]["bytes"]) == parse(data).payload


@pytest.mark.parametrize(("codec", "own"), [("compact", 116), ("superres", 118)])
def test_the_small_picture_is_shown_whosever_the_weights_are(codec: str, own: int) -> None:
    path = next((ROOT / "golden" / codec).glob("*webp-30-131x97.nnc"))
    shipped = parse(path.read_bytes())
    payload = shipped.payload
    mine = Container(shipped.header, (Section(Kind.PAYLOAD, bytes([own, *range(16)]) + payload[1:]),))
    for found in ask([path.read_bytes(), serialize(mine)])["found"]:
        picture = found["picture"]
        assert base64.b64decode(picture["bytes"]) == payload[4:]
        assert (picture["type"], picture["width"], picture["height"]) == ("image/webp", 66, 49)
        assert picture["what"].startswith("the half-size picture, without the network")


def test_the_small_picture_may_be_of_a_quarter() -> None:
    path = next((ROOT / "golden" / "superres").glob("*webp-quarter-30-133x99.nnc"))
    (found,) = ask([path.read_bytes()])["found"]
    picture = found["picture"]
    assert base64.b64decode(picture["bytes"]) == parse(path.read_bytes()).payload[4:]
    assert (picture["type"], picture["width"], picture["height"]) == ("image/webp", 34, 25)
    assert picture["what"] == "the quarter-size picture, without the network that paints it large"


def test_codecs_that_no_browser_has_are_unsupported() -> None:
    paths = [
        next((ROOT / "golden" / name).glob("*.nnc"))
        for name in ("learned", "ccnn", "recurrent", "jpeg2000", "generative")
    ]
    assert [found["error"] for found in ask([path.read_bytes() for path in paths])["found"]] == ["UnsupportedFile"] * 5


def test_names_and_orientation_are_those_of_python() -> None:
    answer = ask([(ROOT / "golden" / "container" / "metadata.nnc").read_bytes()])
    assert {int(number): name for number, name in answer["codecs"].items()} == names.CODECS
    assert answer["painting"] == [names.CODECS[number] for number in sorted(names.PAINTING)]
    assert {int(number): name for number, name in answer["restorers"].items()} == {
        number: restorer.name for number, restorer in all_restorers().items()
    }
    from nncodec.image.orientation import exif_orientation

    exif = parse((ROOT / "golden" / "container" / "metadata.nnc").read_bytes()).get(Kind.EXIF)
    assert answer["found"][0]["orientation"] == exif_orientation(exif) > 1
