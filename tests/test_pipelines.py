"""The examples of docs/pipelines.md, run with a quick codec, where the libraries that they show are installed."""

import io
import os
import re
import subprocess
import sys
import tarfile
from functools import partial
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import nncodec
from tests import pictures
from tests.test_docs import ROOT, blocks, section, shell

PAGE = (ROOT / "docs" / "pipelines.md").read_text(encoding="utf-8")
NAMES = ["may/0", "may/1", "june/2"]
QUICK = "--restore none -c webp"


@pytest.fixture
def photos(here: Path) -> list[np.ndarray]:
    """A folder ``photos`` with JPEGs in two folders. Gives their pixels, in the order of :data:`NAMES`."""
    found = []
    for seed, name in enumerate(NAMES):
        path = Path("photos", f"{name}.jpg")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pictures.file_of(pictures.photograph(24, 33 + seed, seed=seed), "JPEG"))
        found.append(np.asarray(PIL.Image.open(path)))
    return found


def results(folder: str) -> set[str]:
    """The .nnc files below a folder, without their suffix."""
    return {str(path.relative_to(folder).with_suffix("")) for path in Path(folder).rglob("*.nnc")}


def python(code: str, **environment: str) -> str:
    """What an example prints, run in a process of its own as a file, and beside this checkout alone."""
    Path("example.py").write_text(code, encoding="utf-8")
    variables = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])} | environment
    ran = subprocess.run([sys.executable, "example.py"], capture_output=True, text=True, check=False, env=variables)
    assert ran.returncode == 0, ran.stderr[-3000:]
    return ran.stdout


def examples(title: str) -> list[str]:
    """The Python blocks of a section."""
    quick = partial(re.sub, r"(nncodec\.encode\(.*?)threads=1", r"\1threads=1, codec='webp', restore='none'")
    return [quick(code) for code in blocks(section(PAGE, title), "python")]


def close(data: bytes, pixels: np.ndarray) -> bool:
    """True if an .nnc file shows a picture."""
    error = nncodec.decode(data).pixels.astype(float) - pixels
    return float(np.abs(error).mean()) < 10


def shapes(text: str) -> list[tuple[int, ...]]:
    """The shapes that an example prints, in ascending order."""
    return sorted(tuple(int(n) for n in found.split(",")) for found in re.findall(r"\((\d+, \d+, \d+)\)", text))


def test_a_folder_and_a_list(photos: list[np.ndarray]) -> None:
    (code,) = blocks(section(PAGE, "One machine"), "sh")
    ran = shell("set -e; " + code.replace("nnc encode", f"nnc encode {QUICK}"), Path())
    assert ran.returncode == 0, ran.stderr
    assert results("small") == results("listed") == set(NAMES)
    assert all(
        close(Path("small", f"{name}.nnc").read_bytes(), pixels) for name, pixels in zip(NAMES, photos, strict=True)
    )


def test_the_tasks_of_an_array_do_all_pictures_once(photos: list[np.ndarray]) -> None:
    page = PAGE.replace("--array=1-4", "--array=1-2").replace("/4", "/2").replace("nnc encode", f"nnc encode {QUICK}")
    slurm, indexed = blocks(section(page, "Job arrays"), "sh")
    done: list[str] = []
    (n_tasks,) = re.findall(r"--array=1-(\d+)", slurm)
    for task in range(1, int(n_tasks) + 1):
        variables = f"SLURM_CPUS_PER_TASK=1 SLURM_ARRAY_TASK_ID={task} SLURM_ARRAY_TASK_COUNT={n_tasks}"
        ran = shell(f"export {variables}\n{slurm}\nJOB_COMPLETION_INDEX={task - 1}\n{indexed}", Path())
        assert ran.returncode == 0, ran.stderr
        done += re.findall(r"-> sharded/(\S+)\.nnc", ran.stderr)
    assert sorted(done) == sorted(NAMES)
    assert results("sharded") == results("indexed") == set(NAMES)


def test_ray(photos: list[np.ndarray]) -> None:
    pytest.importorskip("ray.data")
    parquet = pytest.importorskip("pyarrow.parquet")
    Path("photos/bad.jpg").write_text("no picture")
    shrink, read = examples("Ray Data")
    quiet = {"RAY_DATA_DISABLE_PROGRESS_BARS": "1", "RAY_USAGE_STATS_ENABLED": "0"}
    found = shapes(python(f"{shrink}\n\n{read}", **quiet))  # in one process: Ray takes a while to start
    rows = {
        "/".join(Path(row["path"]).with_suffix("").parts[-2:]): row
        for row in parquet.read_table("photos-parquet").to_pylist()
    }
    bad = rows.pop("photos/bad")
    assert bad["nnc"] == b""
    assert bad["error"] != ""
    assert set(rows) == set(NAMES)
    assert all(close(rows[name]["nnc"], pixels) for name, pixels in zip(NAMES, photos, strict=True))
    assert found == [pixels.shape for pixels in photos]


def test_webdataset(photos: list[np.ndarray]) -> None:
    pytest.importorskip("webdataset")
    with tarfile.open("photos.tar", "w") as tar:
        for number, name in enumerate(NAMES):
            for suffix, data in (("jpg", Path("photos", f"{name}.jpg").read_bytes()), ("cls", b"%d" % number)):
                entry = tarfile.TarInfo(f"{number:04}.{suffix}")
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
    shrink, read = examples("WebDataset")
    python(shrink)
    with tarfile.open("photos-nnc.tar") as tar:
        files = {entry.name: tar.extractfile(entry).read() for entry in tar}
    assert [files[f"{number:04}.cls"] for number in range(3)] == [b"%d" % number for number in range(3)]
    assert all(close(files[f"{number:04}.nnc"], pixels) for number, pixels in enumerate(photos))
    assert shapes(python(read)) == [pixels.shape for pixels in photos]


def test_datasets(photos: list[np.ndarray]) -> None:
    datasets = pytest.importorskip("datasets")
    shrink, read = examples("Hugging Face datasets")
    offline = {"HF_HOME": str(Path("cache").absolute()), "HF_HUB_OFFLINE": "1"}
    python(shrink, **offline)
    rows = list(datasets.load_from_disk("photos-arrow"))
    found = sorted(rows, key=lambda row: nncodec.inspect(row["nnc"]).width)
    assert all(close(row["nnc"], pixels) for row, pixels in zip(found, photos, strict=True))
    assert shapes(python(read, **offline)) == [pixels.shape for pixels in photos]


def test_object_stores(photos: list[np.ndarray]) -> None:
    fsspec = pytest.importorskip("fsspec")
    store = fsspec.filesystem("memory")
    for name in NAMES:
        store.pipe_file(f"/photos/{name}.jpg", Path("photos", f"{name}.jpg").read_bytes())
    (code,) = examples("Object stores")
    try:
        exec(compile(code, "docs/pipelines.md", "exec"), {})
        assert all(
            close(store.cat_file(f"/photos/{name}.nnc"), pixels) for name, pixels in zip(NAMES, photos, strict=True)
        )
    finally:
        store.rm("/photos", recursive=True)
