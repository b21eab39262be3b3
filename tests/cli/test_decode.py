"""``nnc decode``, ``info``, ``test``, ``compare``, ``codecs`` and the rest, on single files."""

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest

import nncodec
from nncodec.bench import perceptual
from nncodec.bench.perceptual import compute
from nncodec.codecs import all_codecs
from nncodec.container import MAGIC, Kind, Section, parse, serialize
from nncodec.image import metrics, read
from nncodec.names import LIGHT_WEIGHTS
from nncodec.nets import weights
from nncodec.nets.weights import tomllib
from nncodec.restorers import all_restorers
from tests import pictures
from tests.conftest import Ran
from tests.damage import Part, build, head, take_apart

Nnc = Callable[..., Ran]


@pytest.fixture
def coded(here: Path) -> Path:
    """``photo.nnc``, lossless, with all metadata."""
    path = Path("photo.nnc")
    path.write_bytes(nncodec.encode(pictures.picture("RGB", meta=pictures.metadata(6)), "webp", 100))
    return path


PIXELS = pictures.picture("RGB").pixels


# --- decode ---------------------------------------------------------------------------------------------------------


def test_png_beside_the_source(nnc: Nnc, coded: Path) -> None:
    result = nnc("decode", coded)
    assert (result.code, result.out) == (0, "")
    assert "photo.nnc -> photo.png  33 x 24 RGB" in result.err
    with PIL.Image.open("photo.png") as still:
        assert np.array_equal(np.asarray(still), PIXELS)
        assert still.info["icc_profile"] == pictures.icc()
        assert still.getexif()[0x0112] == 6


@pytest.mark.parametrize(
    ("arguments", "name", "pillow_format"),
    [
        (["-o", "a.tif"], "a.tif", "TIFF"),
        (["-o", "a.JPG"], "a.JPG", "JPEG"),
        (["-o", "a.webp"], "a.webp", "WEBP"),
        (["-o", "a.ppm"], "a.ppm", "PPM"),
        (["-o", "no suffix"], "no suffix", "PNG"),
        (["--format", "tiff"], "photo.tif", "TIFF"),
        (["--format", "tif"], "photo.tif", "TIFF"),
        (["--format", "jpeg"], "photo.jpg", "JPEG"),
        (["--format", "JPG"], "photo.jpg", "JPEG"),
        (["--format", "bmp", "-o", "new/"], "new/photo.bmp", "BMP"),
        (["--format", "jpeg", "-o", "a.dat"], "a.dat", "JPEG"),
        (["--keep-suffix"], "photo.nnc.png", "PNG"),
    ],
    ids=" ".join,
)
def test_forms_of_output(nnc: Nnc, coded: Path, arguments: list[str], name: str, pillow_format: str) -> None:
    result = nnc("decode", coded, *arguments)
    assert result.code == 0, result.err
    with PIL.Image.open(name) as still:
        assert still.format == pillow_format
        assert PIL.ImageOps.exif_transpose(still).size == (24, 33)  # the picture lies on its side


def test_npy(nnc: Nnc, coded: Path) -> None:
    assert nnc("decode", coded, "-o", "a.npy").code == 0
    upright = np.rot90(PIXELS, -1)  # NPY cannot say that the picture lies on its side
    assert np.array_equal(np.load("a.npy"), upright)


def test_what_the_format_cannot_carry_is_noted(nnc: Nnc, coded: Path) -> None:
    assert "nnc: note: photo.nnc: PPM cannot carry an ICC profile: dropped" in nnc("decode", coded, "-o", "a.ppm").err


def test_strip_leaves_metadata_out_and_turns_the_picture(nnc: Nnc, coded: Path) -> None:
    assert nnc("decode", coded, "--strip").code == 0
    with PIL.Image.open("photo.png") as still:
        assert np.array_equal(np.asarray(still), np.rot90(PIXELS, -1))
        assert set(still.info) == {"icc_profile"}
    assert nnc("decode", coded, "--strip-icc", "-o", "b.png").code == 0
    with PIL.Image.open("b.png") as still:
        assert np.array_equal(np.asarray(still), PIXELS)
        assert "icc_profile" not in still.info
        assert still.getexif()[0x0112] == 6


def test_an_original_cannot_be_stripped(nnc: Nnc, coded: Path) -> None:
    assert nnc("decode", coded, "--original", "--strip").code == 2


def test_quality_of_what_is_written(nnc: Nnc, coded: Path) -> None:
    for quality in ("90", "10"):
        assert nnc("decode", coded, "-o", f"{quality}.jpg", "-q", quality).code == 0
    assert Path("10.jpg").stat().st_size < Path("90.jpg").stat().st_size
    result = nnc("decode", coded, "-q", "90")
    assert result.code == 1
    assert "PNG has no quality" in result.err


def test_png_levels(nnc: Nnc, coded: Path) -> None:
    for level in (0, 9):
        nnc("decode", coded, "-o", f"{level}.png", "--png-level", level)
    assert Path("0.png").stat().st_size > Path("9.png").stat().st_size


@pytest.mark.parametrize("name", ["doc", "nosuchformat", "eps!"])
def test_unknown_formats_are_refused(nnc: Nnc, coded: Path, name: str) -> None:
    for arguments in (["--format", name], ["-o", f"a.{name}"]):
        result = nnc("decode", coded, *arguments)
        assert result.code in (1, 2)
        assert "no format to write is called" in result.err
    assert list(Path().iterdir()) == [coded]


def test_nothing_is_overwritten_without_force(nnc: Nnc, coded: Path) -> None:
    Path("photo.png").write_text("precious")
    assert nnc("decode", coded).code == 1
    assert Path("photo.png").read_text() == "precious"
    assert nnc("decode", coded, "-o", "photo.nnc", "--force").code == 1
    assert coded.read_bytes().startswith(MAGIC)
    assert nnc("decode", coded, "-f").code == 0
    assert read(Path("photo.png").read_bytes()).width == 33


@pytest.mark.parametrize(
    ("damage", "code", "said"),
    [
        (lambda data: data[:-1], 3, "ends early"),
        (lambda data: data[:-9] + b"!" + data[-8:], 3, "checksum"),
        (lambda data: data + b"\0", 3, "after the last section"),
        (lambda data: b"", 3, "the file is empty"),
        (lambda data: pictures.file_of(PIXELS, "PNG"), 3, "not an .nnc file"),
        (lambda data: data[:4] + b"\3" + data[5:], 4, "format version 3"),
        (lambda data: build(head(codec=99), [Part(0x90, b"x")]), 4, "codec number 99"),
        (lambda data: build(head(1, 1, 2**24 - 1, 2**24 - 1), [Part(0x90, b"x")]), 5, "pixels"),
    ],
    ids=["cut", "flipped", "longer", "empty", "a png", "newer", "unknown codec", "huge"],
)
def test_files_that_cannot_be_decoded(
    nnc: Nnc, coded: Path, damage: Callable[[bytes], bytes], code: int, said: str
) -> None:
    coded.write_bytes(damage(coded.read_bytes()))
    for verb in ("decode", "test"):
        result = nnc(verb, coded)
        assert result.code == code
        assert result.err.startswith("nnc: error: photo.nnc: ")
        assert said in result.err
        assert "Traceback" not in result.err
    assert list(Path().iterdir()) == [coded]


def test_the_sound_part_of_a_cut_file(nnc: Nnc, coded: Path) -> None:
    coded.write_bytes(coded.read_bytes()[:-3])
    result = nnc("decode", coded, "--partial")
    assert result.code == 0
    assert "only its sound part was decoded" in result.err
    assert np.array_equal(read(Path("photo.png").read_bytes()).pixels, PIXELS)


def test_the_pixel_limit(nnc: Nnc, coded: Path) -> None:
    for verb in ("decode", "test"):
        result = nnc(verb, coded, "--max-pixels", 24 * 33 - 1)
        assert result.code == 5
        assert "hint: --max-pixels" in result.err
    assert nnc("decode", coded, "--max-pixels", 24 * 33).code == 0


def test_no_restore_decodes_what_needs_a_restorer(nnc: Nnc, coded: Path) -> None:
    header, parts = take_apart(coded.read_bytes())
    parts.insert(2, Part(0x16, b"\xfa\0\0\0\0"))
    coded.write_bytes(build(header, parts))
    assert nnc("decode", coded).code == 3
    assert nnc("decode", coded, "--no-restore").code == 0


def test_json(nnc: Nnc, coded: Path) -> None:
    record = json.loads(nnc("decode", coded, "--json").out)
    assert {"source", "output", "status", "bytes", "seconds", "notes"} <= set(record)
    assert (record["status"], record["bytes"]) == ("done", Path("photo.png").stat().st_size)


# --- info -----------------------------------------------------------------------------------------------------------


def test_info_shows_where_the_bytes_go(nnc: Nnc, coded: Path) -> None:
    result = nnc("info", coded)
    assert (result.code, result.err) == (0, "")
    first, *rows = result.out.splitlines()
    size = coded.stat().st_size
    assert first.startswith("photo.nnc: 33 x 24 RGB, webp, ")
    assert first.endswith(", format version 2")
    assert [row.split()[0] for row in rows] == ["icc", "payload", "exif", "xmp", "container"]
    assert sum(int("".join(row.split()[1:-1])) for row in rows) == size


def test_info_for_machines(nnc: Nnc, coded: Path) -> None:
    record = json.loads(nnc("info", coded, "--json").out)
    size = coded.stat().st_size
    assert record["version"] == 2
    assert (record["codec"], record["width"], record["height"], record["mode"]) == ("webp", 33, 24, "RGB")
    assert (record["bytes"], record["bpp"]) == (size, 8 * size / (33 * 24))
    assert sum(section["bytes"] for section in record["sections"]) + record["overhead"] == size


@pytest.mark.parametrize(
    ("codec", "said", "base", "scale"),
    [
        ("compact:jpeg", "compact on jpeg at 1/2", "jpeg", 2),
        ("layered", "layered on avif at 1/", "avif", None),
        ("layered:webp", "layered on webp at 1/", "webp", None),
        ("superres:webp", "superres on webp at 1/2", "webp", 2),
        ("generative", "generative on learned at 1/2", "learned", 2),
        ("avif", "avif", None, 1),
    ],
)
def test_info_names_the_codec_beneath_and_its_scale(
    nnc: Nnc, photo: Path, codec: str, said: str, base: str | None, scale: int | None
) -> None:
    assert nnc("encode", photo, "-c", codec, "-e", "1", "-q", "10").code == 0
    assert f" RGB, {said}" in nnc("info", "photo.nnc").out
    record = json.loads(nnc("info", "--json", "photo.nnc").out)
    assert (record["codec"], record["base"]) == (codec.partition(":")[0], base)
    assert record["base_scale"] == scale or (scale is None and record["base_scale"] in (2, 4, 8))


def test_info_names_the_restorers(nnc: Nnc, coded: Path) -> None:
    """By their wire numbers, also those of a newer version."""
    found = parse(coded.read_bytes())
    added = [Section(Kind.RESTORER, bytes([number]) + bytes(6)) for number in (1, 2, 99)]
    sections = sorted([*found.sections, *added], key=lambda section: section.kind)
    coded.write_bytes(serialize(replace(found, sections=tuple(sections))))
    names = ["restorer tuned", "restorer luma", "restorer unknown-99"]
    assert [row[2:22].strip() for row in nnc("info", coded).out.splitlines() if "restorer" in row] == names
    assert json.loads(nnc("info", coded, "--json").out)["restorers"] == [name.split()[1] for name in names]


@pytest.fixture
def in_layers(nnc: Nnc, photo: Path) -> Path:
    """``photo.nnc``, a small picture and its residual, each a layer."""
    assert nnc("encode", photo, "-c", "layered:jpeg/4", "-e", "1").code == 0
    return Path("photo.nnc")


def test_info_says_where_each_layer_ends(nnc: Nnc, in_layers: Path) -> None:
    """A file cut there decodes with --partial, and one byte before it does not reach that layer."""
    _, first, second, *_ = nnc("info", in_layers).out.splitlines()
    assert (first.split()[0], second.split()[:2]) == ("payload", ["layer", "2"])
    end = int(first.split("to byte ")[1].replace(" ", ""))
    sections = json.loads(nnc("info", "--json", in_layers).out)["sections"]
    assert [section["end"] for section in sections if section["name"] == "payload"] == [end]
    Path("cut.nnc").write_bytes(in_layers.read_bytes()[:end])
    assert "as far as layer 1" in nnc("decode", "--partial", "cut.nnc").err
    Path("cut.nnc").write_bytes(in_layers.read_bytes()[: end - 1])
    assert nnc("decode", "--partial", "cut.nnc", "-f").code == 3


def test_info_of_a_cut_file_shows_what_is_sound(nnc: Nnc, in_layers: Path) -> None:
    data = in_layers.read_bytes()
    cut = Path("cut.nnc")
    cut.write_bytes(data[:-20])
    result = nnc("info", cut)
    assert result.code == 3
    assert result.out.startswith("cut.nnc: 33 x 24 RGB, layered on jpeg at 1/4, ")
    first, *rows = result.out.splitlines()
    assert first.endswith(", damaged or cut")
    assert [row[2:17].strip() for row in rows] == ["payload", "container", "not sound"]
    assert sum(int("".join(row[17:29].split())) for row in rows) == len(data) - 20
    assert "nnc: error: cut.nnc: file ends early" in result.err
    assert "nnc: hint: 'nnc decode --partial' decodes what is sound" in result.err
    record = json.loads(nnc("info", "--json", cut).out)
    assert (record["complete"], record["code"], record["layers"]) == (False, 3, 1)
    assert "file ends early" in record["error"]
    refused = nnc("decode", cut)
    assert (refused.code, "nnc: hint: --partial decodes what is sound" in refused.err) == (3, True)


def test_info_of_a_file_cut_in_its_payload_tells_what_the_header_claims(nnc: Nnc, in_layers: Path) -> None:
    Path("cut.nnc").write_bytes(in_layers.read_bytes()[:40])
    result = nnc("info", "cut.nnc")
    assert (result.code, result.out) == (3, "")
    assert "nnc: note: cut.nnc: its header claims 33 x 24 RGB, layered" in result.err
    assert nnc("decode", "--partial", "cut.nnc").err.count("hint") == 0
    assert json.loads(nnc("info", "--json", "cut.nnc").out)["code"] == 3


@pytest.mark.parametrize(("data", "said"), [(b"", "the file is empty"), (b"GIF89a", "not an .nnc file")])
def test_info_of_what_is_no_nnc_file(nnc: Nnc, here: Path, data: bytes, said: str) -> None:
    Path("a.nnc").write_bytes(data)
    assert nnc("info", "a.nnc") == (3, "", f"nnc: error: a.nnc: {said}\n")


def test_info_and_test_go_on_after_a_bad_file(nnc: Nnc, coded: Path) -> None:
    Path("bad.nnc").write_bytes(coded.read_bytes()[:-1])
    for verb in ("info", "test"):
        result = nnc(verb, "bad.nnc", "missing.nnc", coded)
        assert result.code == 3
        assert "nnc: error: bad.nnc: " in result.err
        assert "nnc: error: missing.nnc: no such file" in result.err
        assert "photo.nnc: " in result.out + result.err


def test_info_and_test_walk_folders_by_leave(nnc: Nnc, coded: Path) -> None:
    sound, bad, hidden = Path("in", "deep", "a.NNC"), Path("in", "z.nnc"), Path("in", ".hidden.nnc")
    sound.parent.mkdir(parents=True)
    for path, data in ((sound, coded.read_bytes()), (bad, b"no"), (hidden, b"no"), (Path("in", "b.png"), b"no")):
        path.write_bytes(data)
    for verb in ("info", "test"):
        refused = nnc(verb, "in")
        assert (refused.code, refused.out) == (2, "")
        assert "in is a folder; -r walks folders" in refused.err
        result = nnc(verb, "-r", "in", coded, coded)
        assert result.code == 3
        said = result.out + result.err
        assert said.count(f"{sound}: ") == said.count("photo.nnc: ") == 1
        assert ("nnc: 2 done, 1 failed" in said) == (verb == "test")
        assert f"nnc: error: {bad}: " in result.err
        assert "hidden" not in said
        assert "b.png" not in said
    quiet = nnc("test", "-r", "in", coded, "--quiet", "-j", "1").err
    assert quiet.startswith("nnc: error: in/z.nnc: ")
    assert quiet.count("in/z.nnc") == 1
    assert "ok" not in quiet
    *records, _ = [json.loads(line) for line in nnc("info", "-r", "in", "--json").out.splitlines()]
    assert [(record["source"], record["code"]) for record in records] == [(str(bad), 3), (str(sound), 0)]


def test_info_and_test_of_a_folder_without_files(nnc: Nnc, here: Path) -> None:
    Path("empty").mkdir()
    for verb in ("info", "test"):
        result = nnc(verb, "-r", "empty")
        assert (result.code, result.out) == (1, "")
        assert "nothing to do: no file found in empty" in result.err


def test_test_writes_nothing_and_says_ok(nnc: Nnc, coded: Path) -> None:
    result = nnc("test", coded)
    assert (result.code, result.out) == (0, "")
    assert "photo.nnc: ok, 33 x 24 RGB" in result.err
    assert nnc("test", coded, "--quiet") == (0, "", "")
    assert list(Path().iterdir()) == [coded]


def test_test_for_machines(nnc: Nnc, coded: Path) -> None:
    Path("bad.nnc").write_bytes(b"no")
    Path("list").write_text("bad.nnc\nphoto.nnc\n")
    result = nnc("test", "--filelist", "list", "--json", "-j", "1")
    assert result.code == 3
    bad, good, _ = map(json.loads, result.out.splitlines())
    assert (bad["source"], bad["status"], bad["code"]) == ("bad.nnc", "failed", 3)
    assert good == {
        "source": "photo.nnc",
        "source_bytes": Path("photo.nnc").stat().st_size,
        "output": None,
        "status": "done",
        "code": 0,
        "error": None,
        "hint": None,
        "codec": "webp",
        "width": 33,
        "height": 24,
        "mode": "RGB",
        "notes": [],
    }


# --- compare --------------------------------------------------------------------------------------------------------


def test_compare_measures(nnc: Nnc, coded: Path) -> None:
    nnc("decode", coded)
    text = nnc("compare", "photo.png", "photo.nnc")
    assert (text.code, text.err) == (0, "")
    assert "equal" in text.out
    redder = PIXELS.copy()
    redder[:, ::2, 0] //= 2  # of all channels alike, PSNR and that of luma would be one
    PIL.Image.fromarray(redder).save("redder.png")
    difference = redder.astype(float) - PIXELS
    mse, mse_y = (difference**2).mean(), ((difference @ [0.299, 0.587, 0.114]) ** 2).mean()
    record = json.loads(nnc("compare", "photo.png", "redder.png", "--json").out)
    assert record["mse"] == pytest.approx(mse)
    assert record["psnr"] == pytest.approx(10 * np.log10(255**2 / mse))
    assert record["psnr_y"] == pytest.approx(10 * np.log10(255**2 / mse_y))
    assert record["ssim"] == pytest.approx(metrics.ssim(PIXELS, redder))
    assert record["ms_ssim"] == pytest.approx(metrics.ms_ssim(PIXELS, redder))
    for name, key in (("photo.png", "bpp_a"), ("redder.png", "bpp_b")):
        assert record[key] == pytest.approx(8 * Path(name).stat().st_size / (33 * 24))
    shown = dict(line.split(maxsplit=1) for line in nnc("compare", "photo.png", "redder.png").out.splitlines()[1:])
    assert shown["PSNR"] == f"{record['psnr']:.2f} dB"
    assert shown["PSNR-Y"] == f"{record['psnr_y']:.2f} dB"
    assert shown["SSIM"] == f"{record['ssim']:.5f}"
    assert shown["MS-SSIM"] == f"{record['ms_ssim']:.5f}"


def test_compare_prints_the_perceptual_measures_that_are_named(nnc: Nnc, coded: Path) -> None:
    nnc("decode", coded)
    PIL.Image.fromarray(PIXELS // 32 * 32).save("coarse.png")
    record = json.loads(nnc("compare", "photo.png", "coarse.png", "--json", "--measures", "haarpsi,gmsd").out)
    assert (record["haarpsi"], record["gmsd"]) == tuple(
        compute(PIXELS, PIXELS // 32 * 32, ["haarpsi", "gmsd"]).values()
    )
    assert "ssimulacra2" not in record
    lines = nnc("compare", "photo.png", "coarse.png", "--measures", "gmsd").out.splitlines()
    assert f"  GMSD     {record['gmsd']:.5f}" in lines
    assert lines[-1].startswith("  bpp ")
    assert not any("HaarPSI" in line for line in lines)


def test_compare_refuses_measures_that_it_does_not_have(nnc: Nnc, coded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = nnc("compare", coded, coded, "--measures", "gmsd,fid")
    assert result.code == 2
    assert "no measure is called 'fid'; there are ssimulacra2, st_lpips, haarpsi" in result.err
    monkeypatch.setattr(perceptual, "find_spec", lambda name: None)
    result = nnc("compare", coded, coded, "--measures", "st_lpips")
    assert result.code == 1
    assert "st_lpips needs torch and stlpips-pytorch" in result.err
    assert "hint: pip install 'nnc-image[bench,torch]'" in result.err


def test_compare_refuses_what_cannot_be_compared(nnc: Nnc, coded: Path) -> None:
    PIL.Image.new("RGB", (9, 9)).save("small.png")
    result = nnc("compare", coded, "small.png")
    assert result.code == 1
    assert "33 x 24 and 9 x 9" in result.err
    assert nnc("compare", coded, "missing.png") == (1, "", "nnc: error: missing.png: no such file or directory\n")


def test_compare_writes_a_heatmap_once(nnc: Nnc, coded: Path) -> None:
    arguments = ("compare", coded, coded, "--heatmap", "heat.png")
    assert nnc(*arguments).code == 0
    assert read(Path("heat.png").read_bytes()).height >= 24
    assert nnc(*arguments).code == 1
    assert nnc(*arguments, "--force").code == 0


# --- the command itself ---------------------------------------------------------------------------------------------


def test_codecs_and_restorers_are_listed_with_their_numbers(nnc: Nnc) -> None:
    expected = [(codec.id, codec.name) for codec in (*all_codecs().values(), *all_restorers().values())]
    rows = [line.split()[:2] for line in nnc("codecs").out.splitlines() if not line.startswith("     ")]
    assert rows == [[str(number), name] for number, name in expected]
    records = [json.loads(line) for line in nnc("codecs", "--json").out.splitlines()]
    assert [(r["id"], r["name"]) for r in records] == expected
    assert [r["kind"] for r in records] == ["codec"] * len(all_codecs()) + ["restorer"] * len(all_restorers())


def test_codecs_shows_every_set_of_weights_under_its_codec(nnc: Nnc) -> None:
    lines = nnc("codecs", "-v").out.splitlines()
    records = {r["name"]: r for r in map(json.loads, nnc("codecs", "--json").out.splitlines())}
    folder = Path(nncodec.__file__).parent.parent / "weights"
    rows = tomllib.loads((folder / "manifest.toml").read_text())["model"]
    assert {row["codec"] for row in rows} <= set(records)
    for row in rows:
        n_bytes = (folder / row["file"]).stat().st_size
        expected = {"number": row["number"], "file": row["file"], "bytes": n_bytes, "trained": row["trained"]}
        expected["light"] = row["number"] in LIGHT_WEIGHTS
        assert expected in records[row["codec"]]["weights"]
        own = next(i for i, line in enumerate(lines) if line.split()[1] == row["codec"])
        below = itertools.takewhile(lambda line: line.startswith("     "), lines[own + 1 :])
        (line,) = (line for line in below if f"weights {row['number']}: {row['file']}, " in line)
        assert f", {n_bytes:,} bytes; ".replace(",", " ").strip() in line.replace(",", " ")
        assert line.endswith(row["trained"])
        assert line.removesuffix(f"; {row['trained']}") in nnc("codecs").out.splitlines()


def test_codecs_says_which_weights_are_missing(nnc: Nnc, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "manifest.toml").write_bytes(weights.folder().joinpath("manifest.toml").read_bytes())
    monkeypatch.setattr(weights, "folder", lambda: tmp_path)
    result = nnc("codecs")
    assert result.code == 0
    assert "tuned.npz, missing" in result.out


def test_version_and_help(nnc: Nnc) -> None:
    result = nnc("--version")
    assert result.code == 0
    assert nncodec.__version__ in result.out
    for arguments in (["--help"], ["-h"], ["encode", "--help"], ["decode", "-h"]):
        assert nnc(*arguments).code == 0
    assert "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 damaged input, 4 unsupported format" in " ".join(
        nnc("--help").out.split()
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["enc"], "no command is called 'enc'; is encode meant?"),
        (["deocde", "a.nnc"], "no command is called 'deocde'; is decode meant?"),
        (["xyzzy"], "no command is called 'xyzzy'"),
        (["photo.png"], "no command is called 'photo.png'; is 'nnc encode photo.png' meant?"),
        (["a.NNC"], "no command is called 'a.NNC'; is 'nnc decode a.NNC' meant?"),
        (["encode", "photo.png", "-e", "0"], "invalid value for '-e' / '--effort': 0 is not in the range 1<=x<=9"),
        (["encode", "photo.png", "--efort", "3"], "no such option"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_told_in_one_form(nnc: Nnc, photo: Path, arguments: list[str], said: str) -> None:
    Path("a.NNC").write_bytes(b"")
    result = nnc(*arguments)
    assert (result.code, result.out) == (2, "")
    message = result.err.splitlines()[0]
    assert message.startswith(f"nnc: error: {said}")
    assert not message.endswith(".")


def test_decoding_a_picture_is_told_what_was_expected(nnc: Nnc, photo: Path) -> None:
    result = nnc("decode", photo)
    assert (result.code, photo.stat().st_mtime_ns) == (1, 10**18 + 123_456_700)
    assert "nnc: hint: 'nnc decode' takes .nnc files" in result.err


@pytest.mark.parametrize("arguments", [["nosuchverb"], ["--nosuchoption"], ["info"], ["compare", "a"], ["test"]])
def test_wrong_usage(nnc: Nnc, here: Path, arguments: list[str]) -> None:
    result = nnc(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("nnc: error: ")


@pytest.mark.parametrize("verb", [[], ["bench"], ["train"]], ids=str)
def test_a_command_without_its_verb_shows_the_help(nnc: Nnc, here: Path, verb: list[str]) -> None:
    result = nnc(*verb)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("Usage: nnc")


def test_who_names_the_output_as_a_second_source_is_told_how(nnc: Nnc, coded: Path) -> None:
    result = nnc("decode", coded, "b.jpg")
    assert (result.code, sorted(path.name for path in Path().iterdir())) == (2, [coded.name])
    assert "-o b.jpg" in result.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(nnc: Nnc, shell: str) -> None:
    result = nnc("completion", shell)
    assert result.code == 0
    assert "_NNC_COMPLETE" in result.out
