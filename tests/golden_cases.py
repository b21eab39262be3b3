"""The cases of the golden files: usual ones for every codec and restorer, special ones where a layout needs them.

A new codec or restorer gets the usual ones without an entry here.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nncodec.codec import Codec, KeepsFiles, Lossless, Options, is_lossless
from nncodec.codecs import all_codecs, by_name
from nncodec.container import Container, Header, Kind, Section, parse, serialize
from nncodec.image import Metadata, Picture
from nncodec.nets import weights
from nncodec.pipeline import Settings, encode, keep_file
from nncodec.restorers import all_restorers
from nncodec.restorers import by_name as restorer_by_name
from tests import pictures
from tests.damage import Part, build, take_apart


class Limits(NamedTuple):
    """The largest error of a decoder against the kept PNG, in levels of the picture's samples."""

    peak: int
    rms: float


class Case(NamedTuple):
    """A golden file to be."""

    make: Callable[[], bytes]
    limits: Limits


Cases = Iterator[tuple[str, Case]]
"""Cases with the names of their files, without folder and suffix."""

EXACT = Limits(0, 0.0)
ONE_LEVEL = Limits(1, 0.3)
"""For lossy codecs: decoders are specified to the bit but for the last rounding."""
LOOSER = dict.fromkeys(("jpeg", "jpegfile", "lepton"), Limits(4, 0.8))
"""By codec: JPEG decoders may differ by one in YCbCr, which can be a few levels of RGB."""
LAYERED, LAYERED_JPEG = Limits(3, 0.6), Limits(10, 2.0)
"""For two pictures, of which the first is scaled up."""


def cases() -> Iterator[tuple[str, Case]]:
    """Every golden file that there should be, by its path under ``tests/golden``, without suffix."""
    for codec in all_codecs().values():
        named = SPECIAL.get(codec.name, usual)(codec)
        yield from ((f"{codec.name}/{numbered(codec.name, name)}", case) for name, case in named)
    for restorer in all_restorers().values():
        rows = RESTORED.get(restorer.name, [("jpeg", "RGB", restorer.name, 40, 5, (128, 192))])
        named = (restored(*row) for row in rows)
        yield from ((f"restorers/{restorer.name}/{numbered(restorer.name, name)}", case) for name, case in named)
        light = weights.newest_light(restorer.name)
        named = (restored(*row, light=True) for row in LIGHT if light is not None)
        yield from ((f"restorers/{restorer.name}/model{light}-{name}", case) for name, case in named)
    yield from ((f"container/{name}", case) for name, case in of_the_container())


def numbered(owner: str, name: str) -> str:
    """A file's name, after the number of the weights that its encoder uses, if it uses any."""
    return f"model{weights.newest(owner)}-{name}" if weights.all_of(owner) else name


def limits(codec: Codec, quality: float, depth: int = 8) -> Limits:
    """The limits of a codec at a quality, for samples of a depth in bits."""
    if is_lossless(codec, quality):
        return EXACT
    peak, rms = LOOSER.get(codec.name, ONE_LEVEL)
    return Limits(peak, rms) if depth == 8 else Limits(257 * peak, 257 * rms)


# --- codecs ---------------------------------------------------------------------------------------------------------


def usual(codec: Codec) -> Cases:
    """The cases of a codec: of several sizes with weights, of every mode without."""
    assert not isinstance(codec, KeepsFiles)
    return of_sizes(codec) if weights.all_of(codec.name) else of_modes(codec)


def of_modes(codec: Codec) -> Cases:
    """Every mode that the codec holds, at a low and at the highest useful quality; alpha at the latter alone."""
    finest = 95 if codec.lossless is Lossless.NEVER else 100
    qualities = (finest,) if codec.lossless is Lossless.ALWAYS else (60, finest)
    for mode in ("L", "LA", "RGB", "RGBA"):
        for quality in qualities[-1:] if mode.endswith("A") else qualities:
            picture = pictures.picture(mode, 40, 56)
            yield f"{mode.lower()}-{quality}", coded(picture, codec.name, quality)
    for quality in qualities if 16 in codec.depths else ():
        yield f"gray16-{quality}", coded(pictures.picture("I;16"), codec.name, quality)


def of_sizes(codec: Codec) -> Cases:
    """Pictures of several sizes and qualities, one gray, one of a single pixel."""
    for name, pixels, quality in (
        ("rgb-20-130x96", pictures.photograph(96, 130), 20),
        ("rgb-90-64x64", pictures.photograph(64, 64), 90),
        ("gray-60-70x40", pictures.photograph(40, 70, 1), 60),
        ("rgb-50-1x1", pictures.photograph(1, 1), 50),
    ):
        yield name, coded(Picture(pixels), codec.name, quality)


def coded(picture: Picture, name: str, quality: float, allowed: Limits | None = None) -> Case:
    """A file with a picture, without restorers."""
    settings = Settings(name, Options(quality), restore="none")
    return Case(lambda: encode(picture, settings).data, allowed or limits(by_name(name), quality, picture.depth))


def kept(codec: Codec) -> Cases:
    """A progressive JPEG with metadata; packed, also one with restart markers, and a gray one with bytes behind it."""
    exif = b"Exif\0\0" + pictures.exif(6)
    jpeg = pictures.file_of(pictures.photograph(40, 56), "JPEG", exif=exif, xmp=pictures.XMP, progressive=True)
    plain = codec.name == "jpegfile"
    photo, gray = pictures.photograph(72, 96), pictures.photograph(61, 83, 1)
    packed = {
        "baseline": pictures.file_of(photo, "JPEG", quality=90, restart_marker_blocks=7),
        "gray-and-a-rest": pictures.file_of(gray, "JPEG", quality=95) + b"a rest",
    }
    for name, data in {"kept-jpeg": jpeg, **({} if plain else packed)}.items():
        yield name, Case(partial(_kept, data, plain), limits(codec, 100))


def _kept(jpeg: bytes, plain: bool) -> bytes:
    return keep_file(jpeg, Settings(), plain=plain).data


def avif(codec: Codec) -> Cases:
    """Every mode, and sizes whose boxes and sequence headers differ."""
    yield from of_modes(codec)
    for height, width in ((1, 1), (1, 300), (300, 1), (17, 31)):
        yield f"{width}x{height}", coded(Picture(pictures.photograph(height, width)), codec.name, 75)


def layered(codec: Codec) -> Cases:
    """One layer and two, on every base."""
    for mode, quality in (("RGB", 10), ("RGB", 85), ("L", 85), ("RGBA", 85), ("RGB", 100)):
        allowed = EXACT if is_lossless(codec, quality) else LAYERED
        yield f"{mode.lower()}-{quality}", coded(pictures.picture(mode, 41, 55), codec.name, quality, allowed)
    for base in ("webp", "jpeg2000", "jpeg"):
        allowed = LAYERED_JPEG if base == "jpeg" else LAYERED
        yield f"{base}-rgb-85", coded(pictures.picture("RGB", 41, 55), f"{codec.name}:{base}", 85, allowed)
    yield "1x1", coded(Picture(pictures.photograph(1, 1)), codec.name, 85, LAYERED)


def compact(codec: Codec) -> Cases:
    """One picture on every base."""
    yield "webp-30-131x97", coded(Picture(pictures.photograph(97, 131)), f"{codec.name}:webp", 30)
    yield "avif-50-gray-70x41", coded(Picture(pictures.photograph(41, 70, 1)), codec.name, 50)
    yield "jpeg-10-64x64", coded(Picture(pictures.photograph(64, 64)), f"{codec.name}:jpeg", 10)
    yield "jpeg2000-60-1x1", coded(Picture(pictures.photograph(1, 1)), f"{codec.name}:jpeg2000", 60)


def superres(codec: Codec) -> Cases:
    """One picture on every base, at the whole strength, at none and at one between; then of a quarter of the size."""
    yield "webp-30-131x97", painted(pictures.photograph(97, 131), f"{codec.name}:webp", 30)
    yield "avif-50-gray-70x41", painted(pictures.photograph(41, 70, 1), codec.name, 50, 0.4)
    yield "jpeg-10-64x64", painted(pictures.photograph(64, 64), f"{codec.name}:jpeg", 10, 0)
    yield "jpeg2000-60-1x1", painted(pictures.photograph(1, 1), f"{codec.name}:jpeg2000", 60)
    yield "webp-quarter-30-133x99", painted(pictures.photograph(99, 133), f"{codec.name}:webp/4", 30)
    yield "avif-quarter-50-gray-70x41", painted(pictures.photograph(41, 70, 1), f"{codec.name}:avif/4", 50, 0.4)
    yield "jpeg-quarter-10-64x63", painted(pictures.photograph(63, 64), f"{codec.name}:jpeg/4", 10, 0)
    yield "jpeg2000-quarter-60-1x2", painted(pictures.photograph(2, 1), f"{codec.name}:jpeg2000/4", 60)


def generative(codec: Codec) -> Cases:
    """Odd sides, gray, a single pixel; at the whole strength, at none and at one between."""
    yield "rgb-30-131x97", painted(pictures.photograph(97, 131), codec.name, 30)
    yield "gray-50-70x41", painted(pictures.photograph(41, 70, 1), codec.name, 50, 0.4)
    yield "rgb-10-64x64", painted(pictures.photograph(64, 64), codec.name, 10, 0)
    yield "rgb-60-1x1", painted(pictures.photograph(1, 1), codec.name, 60)


def painted(pixels: npt.NDArray[np.uint8], name: str, quality: float, strength: float | None = None) -> Case:
    """A file of a codec that invents detail, quickly encoded; without a strength, at the codec's own.

    At a quarter of the size the network is used twice, and rounds twice.
    """
    settings = Settings(name, Options(quality, effort=1, perceptual=strength))
    return Case(lambda: encode(Picture(pixels), settings).data, LAYERED if name.endswith("/4") else ONE_LEVEL)


def recurrent(codec: Codec) -> Cases:
    """The usual ones, one of them with all iterations."""
    yield from ((name, case) for name, case in of_sizes(codec) if name != "rgb-90-64x64")
    yield "rgb-100-64x64", coded(Picture(pictures.photograph(64, 64)), codec.name, 100)


def ccnn(codec: Codec) -> Cases:
    """The usual ones, the published form, and a network of another. Pixels are the same on every machine."""
    for name, case in of_sizes(codec):
        yield name, Case(case.make, EXACT)
    yield "plain-rgb-20-56x40", Case(coded(Picture(pictures.photograph(40, 56)), f"{codec.name}:plain", 20).make, EXACT)
    yield "leak-rgb-60-50x40", Case(partial(_leaking, codec), EXACT)


def _leaking(codec: Codec) -> bytes:
    from nncodec.codecs.ccnn.encoder import Plan, encode

    pixels = pictures.photograph(40, 50)
    plan = Plan(step=8.0, steps=10, rounds=1, stride=5, overlap=3, leak=8)
    return _file_of(codec.id, pixels, encode(pixels, plan))


def learned(codec: Codec) -> Cases:
    """The usual ones, a file with colours of its own, and one that adapts, whether that pays or not."""
    yield from of_sizes(codec)
    yield "colours-rgb-50-56x40", Case(partial(_coloured, codec), limits(codec, 50))
    yield "adapted-rgb-50-56x40", Case(partial(_adapted, codec), limits(codec, 50))


def _coloured(codec: Codec) -> bytes:
    from nncodec.codecs.learned.latent_encoder import LatentEncoder
    from nncodec.codecs.learned.model import loaded
    from nncodec.lapped.model import own_colours
    from tests.lapped.tiny_lapped import plain_candidate

    pixels = pictures.photograph(40, 56)
    coder = LatentEncoder.of(loaded(weights.newest(codec.name)), 100, pixels)
    candidate = plain_candidate(coder, own_colours(pixels))
    return _file_of(codec.id, pixels, coder.payload(candidate.own, candidate.units))


def _adapted(codec: Codec) -> bytes:
    from nncodec.codecs.learned.change import Change, ChangeHead, shape_of
    from nncodec.codecs.learned.latent_encoder import PRICE_FACTOR, LatentEncoder
    from nncodec.codecs.learned.model import loaded
    from nncodec.lapped.model import to_planes
    from nncodec.lapped.transform import OPPONENT

    pixels = pictures.photograph(40, 56)
    model = loaded(weights.newest(codec.name))
    coder = LatentEncoder.of(model, 100, pixels)
    latent = [coder.latent(plane, at) for at, plane in enumerate(to_planes(coder.pixels, OPPONENT))]
    units, _ = coder.code(latent, PRICE_FACTOR, adaptive=True)
    numbers = np.random.default_rng(0).integers(-1, 2, shape_of(model.arrays, 3)).astype(np.int32)
    payload = coder.payload(None, units, adaptive=True, change=Change(ChangeHead(11, (20, 8, 12)), numbers))
    return _file_of(codec.id, pixels, payload)


def _file_of(codec: int, pixels: npt.NDArray[np.uint8], payload: bytes) -> bytes:
    """A file with nothing but a payload."""
    header = Header(codec, pixels.shape[1], pixels.shape[0], colour=pixels.ndim == 3, alpha=False)
    return serialize(Container(header, (Section(Kind.PAYLOAD, payload),)))


SPECIAL: dict[str, Callable[[Codec], Cases]] = {
    "jpegfile": kept,
    "lepton": kept,
    "avif": avif,
    "layered": layered,
    "compact": compact,
    "ccnn": ccnn,
    "learned": learned,
    "recurrent": recurrent,
    "superres": superres,
    "generative": generative,
}
"""Codecs whose layout has parts that the usual cases do not reach."""


# --- restorers, and the container -----------------------------------------------------------------------------------

RESTORED = {
    "luma": [
        ("webp", "RGB", "luma", 40, 5, (128, 192)),
        ("avif", "L", "luma", 40, 5, (128, 192)),
        ("jpeg", "RGB", "luma+tuned", 70, 5, (128, 192)),
        ("jpeg", "L", "luma", 40, 5, (128, 192)),
    ],
    # The starts that all pictures share, and parameters fitted to the one picture.
    "tuned": [("webp", "RGB", "tuned", 60, 5, (40, 56)), ("jpeg", "RGB", "tuned", 60, 6, (40, 56))],
}
"""By restorer: codec, mode, restorers, quality, effort, (height, width). Any other has one file, of a JPEG."""


LIGHT = [("webp", "RGB", "luma", 40, 5, (128, 192)), ("jpeg", "L", "luma", 40, 5, (128, 192))]
"""The same for light weights."""


def restored(
    codec: str, mode: str, names: str, quality: float, effort: int, size: tuple[int, int], light: bool = False
) -> tuple[str, Case]:
    """A file with restorers, all of which must pay."""

    def make() -> bytes:
        settings = Settings(codec, Options(quality, effort), restore=names, light=light)
        data = encode(pictures.picture(mode, *size), settings).data
        applied = [section[0] for section in parse(data).all(Kind.RESTORER)]
        assert applied == [restorer_by_name(name).id for name in names.split("+")], "a restorer did not pay"
        return data

    allowed = limits(by_name(codec), quality)
    more = names.replace("+", "-") if "+" in names else ""
    return "-".join(filter(None, (codec, mode.lower(), more))), Case(make, Limits(allowed.peak + 1, allowed.rms + 0.2))


def of_the_container() -> Cases:
    """Sections that are no codec's."""
    webp = partial(encode, settings=Settings("webp", Options(100)))
    everything = pictures.picture("RGBA", meta=metadata())
    constant = Picture(pictures.photograph(9, 9), pictures.flat(9, 9, 1, 200))
    yield "metadata", Case(lambda: webp(everything).data, EXACT)
    with_iptc = pictures.picture("RGB", meta=Metadata(iptc=pictures.IPTC))
    yield "iptc", Case(lambda: webp(with_iptc).data, EXACT)
    yield "constant-alpha", Case(lambda: webp(constant).data, EXACT)
    yield "unknown-ancillary", Case(lambda: _unknown(webp(pictures.picture("RGB", 40, 56)).data), EXACT)
    yield "dump", Case(dump, EXACT)


def _unknown(data: bytes) -> bytes:
    header, parts = take_apart(data)
    return build(header, [Part(0x01, b"of a later version"), parts[0]._replace(tag=0x10), Part(0xFF, b"also later")])


def metadata() -> Metadata:
    """Small ones: a whole profile would be most of the golden files."""
    return Metadata(b"not a profile, but kept", pictures.exif(6), pictures.XMP)


def dump() -> bytes:
    """The small file that docs/format/container.md shows byte by byte."""
    pixels = np.array([[0, 128], [255, 64]], np.uint8)
    data = encode(Picture(pixels, pictures.flat(2, 2, 1, 200)), Settings("webp", Options(100))).data
    container = parse(data)
    assert container.header == Header(4, 2, 2, colour=False, alpha=True)
    return serialize(
        Container(container.header, (Section(Kind.PAYLOAD, container.payload), Section(Kind.ALPHA, b"\xc8")))
    )
