"""Keep an archive of mixed JPEG files and give it back: writes results/jpeg/archive.tsv.

    python experiments/jpeg_archive.py kodak

Makes 15 kinds of JPEG files of the folder's first 20 pictures, encodes the tree by `nnc encode --keep-jpeg`, decodes it
by `nnc decode --original`, and compares checksums. Then a process of its own for each kind, and for large pictures,
tells processor time and memory (Linux). Files that are cut within a scan are refused.
"""

import hashlib
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import PIL.Image
import PIL.ImageCms
from make_large import mosaic

ROOT = Path(__file__).resolve().parent.parent
PICTURES = 20
LARGE = (4000, 3000)
COLUMNS = ("kind", "files", "shrunk", "identical", "bytes", "kept in", "saved", "encode MB/s", "decode MB/s", "MiB")
NNC = [sys.executable, "-m", "nncodec"]


def jpeg(picture: PIL.Image.Image, **parameters: object) -> bytes:
    """The bytes of a JPEG file."""
    out = io.BytesIO()
    picture.save(out, "JPEG", **({"quality": 75} | parameters))
    return out.getvalue()


def with_metadata(picture: PIL.Image.Image) -> bytes:
    """A JPEG with a colour profile, and Exif with a thumbnail's worth of bytes."""
    exif = PIL.Image.Exif()
    exif[0x010E] = "a description " * 300
    profile = PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("sRGB")).tobytes()
    return jpeg(picture, exif=exif, icc_profile=profile)


def two_frames(picture: PIL.Image.Image) -> bytes:
    """An MPO file, whose second frame is the picture turned around."""
    out = io.BytesIO()
    picture.save(out, "MPO", save_all=True, append_images=[picture.rotate(180)], quality=75)
    return out.getvalue()


KINDS: dict[str, Callable[[PIL.Image.Image], bytes]] = {
    "baseline, quality 50": lambda p: jpeg(p, quality=50),
    "baseline, quality 75": jpeg,
    "baseline, quality 90": lambda p: jpeg(p, quality=90),
    "progressive, quality 75": lambda p: jpeg(p, progressive=True),
    "progressive, quality 90": lambda p: jpeg(p, progressive=True, quality=90),
    "4:2:2, quality 85": lambda p: jpeg(p, subsampling="4:2:2", quality=85),
    "4:4:4, quality 95": lambda p: jpeg(p, subsampling="4:4:4", quality=95),
    "gray": lambda p: jpeg(p.convert("L")),
    "restart markers": lambda p: jpeg(p, restart_marker_blocks=7),
    "Exif and ICC": with_metadata,
    "odd sizes": lambda p: jpeg(p.crop((3, 5, 236, 122))),
    "bytes behind the end": lambda p: jpeg(p) + b"not a part of the picture" * 40,
    "two frames (MPO)": two_frames,
    "CMYK": lambda p: jpeg(p.convert("CMYK")),
    "without end of image": lambda p: jpeg(p)[:-2],
}
REFUSED = "cut within a scan"
LARGE_KINDS = {
    "12 megapixels, quality 90": lambda p: jpeg(p, quality=90),
    "12 megapixels, progressive, quality 90": lambda p: jpeg(p, quality=90, progressive=True),
}


def main(pictures: Path) -> None:
    """Make the archive, measure, and write the table."""
    with tempfile.TemporaryDirectory() as name:
        tree, kept, back = (Path(name) / part for part in ("photos", "archive", "back"))
        make_tree(pictures, tree)
        for command in (
            ["encode", "--keep-jpeg", "-r", tree, "-o", kept],
            ["decode", "--original", "-r", kept, "-o", back],
        ):
            run = subprocess.run([*NNC, *map(str, command)], stderr=subprocess.PIPE, text=True, check=False)
            print(run.stderr.splitlines()[-1], f"(exit code {run.returncode})", flush=True)
        lines = [f"# {os.cpu_count()} cores, of which other programs used most", "\t".join(COLUMNS)]
        for folder in sorted(tree.iterdir()):
            lines.append("\t".join(row(folder, kept / folder.name, back / folder.name)))
            print(lines[-1], flush=True)
    target = ROOT / "results" / "jpeg" / "archive.tsv"
    target.parent.mkdir(exist_ok=True)
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")


def make_tree(pictures: Path, tree: Path) -> None:
    """A folder of JPEG files for each kind."""
    sources = [PIL.Image.open(path).convert("RGB") for path in sorted(pictures.glob("*.png"))[:PICTURES]]
    large = mosaic(pictures, *LARGE)
    made = {kind: [make(source) for source in sources] for kind, make in KINDS.items()}
    made[REFUSED] = [jpeg(sources[0])[:20_000]]
    made |= {kind: [make(large)] for kind, make in LARGE_KINDS.items()}
    for number, (kind, files) in enumerate(made.items(), 1):
        folder = tree / f"{number:02} {kind}"
        folder.mkdir(parents=True)
        for index, data in enumerate(files):
            (folder / f"{index:02}.jpg").write_bytes(data)


def row(folder: Path, kept: Path, back: Path) -> list[str]:
    """The figures of one kind."""
    originals = sorted(folder.iterdir())
    n_identical = sum(digest(path) == digest(back / path.name) for path in originals)
    kind = folder.name.partition(" ")[2]
    before = sum(path.stat().st_size for path in originals)
    if not n_identical:
        return [kind, str(len(originals)), "0", "0", f"{before:,}", *["–"] * 5]
    after = sum(path.stat().st_size for path in kept.iterdir())
    command = [sys.executable, __file__, "--measure", str(folder)]
    told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    n_shrunk, encode_cpu, decode_cpu, memory = map(float, told)
    saved = f"{100 * (before - after) / before:.2f} %".replace("-", "\u2212")
    found = [kind, str(len(originals)), f"{n_shrunk:.0f}", str(n_identical), f"{before:,}", f"{after:,}", saved]
    speeds = (f"{before / 1e6 / cpu:.1f}" if n_shrunk else "–" for cpu in (encode_cpu, decode_cpu))
    return [*found, *speeds, f"{memory:.0f}"]


def digest(path: Path) -> bytes:
    """The SHA-256 of a file; empty for one that is not there."""
    return hashlib.sha256(path.read_bytes()).digest() if path.exists() else b""


def measure(folder: Path) -> None:
    """Print how many of the folder's files shrink, processor seconds to encode and to give back all, and MiB."""
    from nncodec.pipeline import Settings, keep_file, original

    files = [path.read_bytes() for path in sorted(folder.iterdir())]
    original(keep_file(files[0], Settings()).data)  # imports
    begun = time.process_time()
    kept = [keep_file(data, Settings()) for data in files]
    encoded = time.process_time()
    for done in kept:
        original(done.data)
    n_shrunk = sum(done.codec == "lepton" for done in kept)
    decoded = time.process_time()
    lines = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    print(n_shrunk, encoded - begun, decoded - encoded, peak / 1024)


if __name__ == "__main__":
    if sys.argv[1] == "--measure":
        measure(Path(sys.argv[2]))
    else:
        main(Path(sys.argv[1]))
