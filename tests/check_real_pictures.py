"""Real pictures through every codec, in folder mode and through pipes, compared with their sources.

    python -m tests.check_real_pictures FOLDER...

The suite needs no picture that is not in the repository; this is for folders of one's own. A source may be refused
with one of our errors, which is listed; what was encoded must come back with its size, mode, alpha, ICC profile,
Exif and XMP. Exits with 1 if anything does not. Sources are read with Pillow here, not with the code under test.
"""

import argparse
import collections
import io
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import PIL.Image

LEAST_PSNR = 10.0
"""Noise in 4:2:0 comes to 12 dB; a picture turned, shifted or with its channels swapped, to less."""
COMMAND = [sys.executable, "-m", "nncodec"]


@dataclass
class Column:
    """What became of one folder with one codec."""

    done: int = 0
    refused: collections.Counter[str] = field(default_factory=collections.Counter)
    wrong: list[str] = field(default_factory=list)
    worst: float = 999.0


def expectation(path: Path) -> tuple[PIL.Image.Image, dict[str, object]]:
    """The source upright or not as Pillow gives it, in the mode it should come back in, and its metadata."""
    still = PIL.Image.open(path)
    still.load()
    base = {"1": "L", "L": "L", "LA": "L", "I": "I;16", "I;16": "I;16", "I;16B": "I;16"}.get(still.mode, "RGB")
    mode = base if base == "I;16" else base + ("A" if still.has_transparency_data else "")
    exif = still.info.get("exif")
    found = {
        "size": still.size,
        "mode": mode,
        "icc": None if still.mode == "CMYK" else still.info.get("icc_profile") or None,
        "exif": exif.removeprefix(b"Exif\0\0") if exif and still.format != "TIFF" else None,
        "xmp": still.info.get("xmp") or None,
    }
    return (still if mode == "I;16" else still.convert(mode)), found


def differences(source: Path, decoded: bytes) -> tuple[list[str], float]:
    """How a decoded PNG differs from its source in what must not change, and its PSNR."""
    before, expected = expectation(source)
    after = PIL.Image.open(io.BytesIO(decoded))
    exif = after.info.get("exif")
    found = {
        "size": after.size,
        "mode": after.mode,
        "icc": after.info.get("icc_profile"),
        "exif": exif.removeprefix(b"Exif\0\0") if exif and before.format != "TIFF" and expected["exif"] else None,
        "xmp": after.info.get("xmp"),
    }
    wrong = [name for name in expected if expected[name] != found[name]]
    if wrong:
        return wrong, 0.0
    a, b = np.asarray(before).astype(float), np.asarray(after).astype(float)
    if str(expected["mode"]).endswith("A"):
        wrong += ["alpha"] if (a[:, :, -1] != b[:, :, -1]).any() else []
        a, b = a[:, :, :-1], b[:, :, :-1]
    peak = 65535.0 if expected["mode"] == "I;16" else 255.0
    error = ((a - b) ** 2).mean()
    psnr = 10 * np.log10(peak**2 / error) if error else 999.0
    if psnr < LEAST_PSNR and before.mode != "CMYK":
        wrong.append(f"{psnr:.1f} dB")
    return wrong, float(psnr)


def through_folders(folder: Path, options: list[str]) -> Column:
    """``nnc encode -r``, ``nnc test`` and ``nnc decode -r`` over a folder."""
    column = Column()
    with tempfile.TemporaryDirectory() as temporary:
        small, back = Path(temporary) / "small", Path(temporary) / "back"
        line = [*COMMAND, "encode", "-r", str(folder), "-o", str(small), "--keep-suffix", "--json", *options]
        encoded = subprocess.run(line, capture_output=True, text=True, check=False)
        if "Traceback" in encoded.stderr:
            column.wrong.append(encoded.stderr)
            return column
        subprocess.run([*COMMAND, "decode", "-r", str(small), "-o", str(back)], capture_output=True, check=False)
        for record in map(json.loads, encoded.stdout.splitlines()):
            source = Path(record["source"])
            if record["status"] == "failed":
                column.refused[f"{source.name}: {record['error']}"] += 1
                continue
            decoded = back / source.relative_to(folder).with_name(source.name + ".png")
            wrong, psnr = differences(source, decoded.read_bytes()) if decoded.exists() else (["not decoded"], 0.0)
            _count(column, source, wrong, psnr)
            if source.stat().st_mtime_ns != decoded.stat().st_mtime_ns:
                column.wrong.append(f"{source.name}: time")
    return column


def through_pipes(folder: Path, options: list[str]) -> Column:
    """``nnc encode - | nnc decode -`` for every file."""
    column = Column()
    for source in sorted(path for path in folder.rglob("*") if path.is_file()):
        with source.open("rb") as stream:
            encoded = subprocess.run(
                [*COMMAND, "encode", "-", "-o", "-", *options], stdin=stream, capture_output=True, check=False
            )
        if encoded.returncode:
            said = encoded.stderr.decode()
            if "Traceback" in said:
                column.wrong.append(f"{source.name}: {said}")
            else:
                column.refused[said.replace("error: -", f"error: {source.name}").splitlines()[0]] += 1
            continue
        decoded = subprocess.run([*COMMAND, "decode", "-"], input=encoded.stdout, capture_output=True, check=False)
        wrong, psnr = differences(source, decoded.stdout) if not decoded.returncode else (["not decoded"], 0.0)
        _count(column, source, wrong, psnr)
    return column


def _count(column: Column, source: Path, wrong: list[str], psnr: float) -> None:
    column.done += 1
    if wrong:
        column.wrong.append(f"{source.name}: {', '.join(wrong)}")
    else:
        column.worst = min(column.worst, psnr)


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--quality", default="90")
    parser.add_argument("--effort", default="2")
    parser.add_argument("--codec", action="append", help="only this one; may be repeated")
    parser.add_argument("--pipes-with", default="webp", help="codec for the pipes")
    asked = parser.parse_args(arguments)
    listed = subprocess.run([*COMMAND, "codecs", "--json"], capture_output=True, text=True, check=True).stdout
    codecs = (r for r in map(json.loads, listed.splitlines()) if r["kind"] == "codec")
    usable = [r["name"] for r in codecs if not r["missing"] and r["name"] not in ("jpegfile", "lepton")]
    settings = ["-q", asked.quality, "-e", asked.effort]
    failed, refused = False, collections.Counter[str]()
    print(f"{'folder':<12}{'how':<20}{'done':>6}{'refused':>9}{'wrong':>7}{'worst dB':>10}")
    for folder in asked.folders:
        runs = [(codec, through_folders, ["-c", codec, *settings]) for codec in asked.codec or usable]
        runs += [(f, through_folders, [f, *settings]) for f in ("--keep-jpeg", "--plain-jpeg")]
        runs += [(f"pipes, {asked.pipes_with}", through_pipes, ["-c", asked.pipes_with, *settings])]
        for how, check, options in runs:
            column = check(folder, options)
            n_refused = sum(column.refused.values())
            print(
                f"{folder.name:<12}{how:<20}{column.done:>6}{n_refused:>9}{len(column.wrong):>7}{column.worst:>10.2f}",
                flush=True,
            )
            print("".join(f"  WRONG {line}\n" for line in column.wrong), end="")
            failed |= bool(column.wrong)
            refused.update(column.refused)
    print("\nrefused, and how often:")
    for what, n in sorted(refused.items()):
        print(f"  {n:>3}  {what.strip()}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
