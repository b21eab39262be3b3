"""The golden files of every set of weights, ``modelNUMBER-NAME.nnc`` with a PNG beside each: made, and checked."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import PIL.Image

from nncodec.codec import Options
from nncodec.container import Container, Header, Kind, Section, serialize
from nncodec.image import Picture
from nncodec.nets import weights
from nncodec.pipeline import Settings, decode, encode
from tests import pictures

Named = dict[str, bytes]
"""Files by the rest of their name."""


def check_every_model_has_some(files: list[Path], codec: str) -> None:
    """Files of all weights of a codec, and of no others."""
    numbers = {model.number for model in weights.manifest().values() if model.codec == codec}
    assert {path.name.split("-")[0] for path in files} == {f"model{number}" for number in numbers}


def check_decodes(path: Path, tolerance: int) -> None:
    """To the same symbols, or the checksum would not match; to the same pixels but for rounding."""
    found = decode(path.read_bytes()).pixels
    with PIL.Image.open(path.with_suffix(".png")) as picture:
        expected = np.asarray(picture)
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).max() <= tolerance


def file_of(codec: int, pixels: npt.NDArray[np.uint8], payload: bytes) -> bytes:
    """A file with nothing but a payload."""
    header = Header(codec, pixels.shape[1], pixels.shape[0], colour=pixels.ndim == 3, alpha=False)
    return serialize(Container(header, (Section(Kind.PAYLOAD, payload),)))


def usual(codec: str) -> Named:
    """Pictures of several kinds by a codec."""
    named = {
        "rgb-20-130x96": (pictures.photograph(96, 130), 20),
        "rgb-90-64x64": (pictures.photograph(64, 64), 90),
        "gray-60-70x40": (pictures.photograph(40, 70, 1), 60),
        "rgb-50-1x1": (pictures.photograph(1, 1), 50),
    }
    return {name: coded(pixels, codec, quality) for name, (pixels, quality) in named.items()}


def coded(pixels: npt.NDArray[np.uint8], codec: str, quality: float) -> bytes:
    """A file with the picture, without restorers."""
    return encode(Picture(pixels), Settings(codec, Options(quality), restore="none")).data


def write(codec: str, number: int, files: Named) -> None:
    """Write files of a codec's model, which must be the newest; never overwrite."""
    if weights.newest(codec) != number:
        raise SystemExit(f"the newest model is {weights.newest(codec)}")
    folder = Path(__file__).parent / f"golden_{codec}"
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        path = folder / f"model{number}-{name}"
        with path.with_suffix(".nnc").open("xb") as file:
            file.write(data)
        with path.with_suffix(".png").open("xb") as file:
            PIL.Image.fromarray(decode(data).pixels).save(file, "PNG", optimize=True)
