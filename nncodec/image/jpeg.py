"""Damage of JPEG files that libjpeg only warns of, where Pillow cannot hear it: scans that end too soon.

libjpeg fills what is missing with gray. A scan that is whole does not change when bytes are put in behind it; one that
ends too soon takes them for samples. So a picture is decoded a second time, with bytes put in, and compared.
"""

import PIL.Image

from nncodec.errors import CorruptFile
from nncodec.image.jpeg_markers import APP2, DRI, EOI, JPEG_SIGNATURE, SOS, closed, lengthened, n_restarts, segments
from nncodec.image.stills import open_still, pillow_errors

_FILLING = bytes.fromhex(
    "b2 fb 73 ee eb ef d9 b6 75 fe 66 68 f6 7f be df f7 fa 5b bb fe ab fb da bf 7f dd fb 3d b7 dd eb"
)
"""Bytes with 7 ones in 10 bits, drawn by chance: codes of large samples have many, and so they show."""
_ZEROS = bytes(8)
"""Put before the filling: an arithmetic coder leaves out zeros at the end of its bytes (ITU-T T.81, D.1.8)."""
_BAND = 256
"""Rows that are compared at a time."""

_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""Markers that begin a frame, SOF0 to SOF15 (ITU-T T.81, table B.1)."""
_PROGRESSIVE, _ARITHMETIC, _OF_SAMPLES = {0xC2, 0xCA}, {*range(0xC9, 0xD0)}, {0xC3, 0xC7, 0xCB, 0xCF}
_ICC = b"ICC_PROFILE\0"
_LAST_COEFFICIENT = 63


class _Frame:
    """Size and components of a frame (ITU-T T.81, B.2.2)."""

    def __init__(self, marker: int, content: bytes) -> None:
        self.marker = marker
        self.height = int.from_bytes(content[1:3], "big")
        self.width = int.from_bytes(content[3:5], "big")
        triples = [content[at : at + 3] for at in range(6, 6 + 3 * content[5], 3)]
        self.sampling = {triple[0]: (triple[1] >> 4, triple[1] & 15) for triple in triples}

    def units(self, components: list[int]) -> int:
        """Number of coded units (MCU) of a scan of these components (ITU-T T.81, A.2)."""
        most = [max(factors[axis] for factors in self.sampling.values()) for axis in (0, 1)]
        sides = (self.width, self.height)
        if len(components) > 1:
            across, down = (-(-side // (8 * factor)) for side, factor in zip(sides, most, strict=True))
            return across * down
        own = self.sampling[components[0]]
        samples = [-(-side * factor // top) for side, factor, top in zip(sides, own, most, strict=True)]
        return -(-samples[0] // 8) * -(-samples[1] // 8)


def check_jpeg(data: bytes, what: str) -> None:
    """Decode a JPEG file and raise CorruptFile if it is damaged or ends too soon; ``what`` names it."""
    data = closed(data)
    still = open_still(data, what, ["JPEG"])
    with pillow_errors(what):
        still.load()
    check_scans_whole(still, data, what)


def check_scans_whole(still: PIL.Image.Image, data: bytes, what: str) -> None:
    """Raise CorruptFile if a scan of a file, decoded to a loaded image, ends before its last sample.

    Noticed are scans and restart intervals that end too soon, and components without a scan; not noticed are bytes
    that were changed and still decode, and the last bits of a scan where they do not change the picture.
    """
    data = data[getattr(still, "offset", 0) :]  # the frame of an MPO file
    damage = CorruptFile(f"{what} cannot be read: its JPEG data end too soon")
    with pillow_errors(what):
        arithmetic = _frame(data).marker in _ARITHMETIC
        if not _has_all_intervals(data):
            raise damage
        other = open_still(lengthened(data, _ZEROS * arithmetic + _FILLING), what, ["JPEG"])
        other.load()
    for top in range(0, still.height, _BAND):
        band = (0, top, still.width, min(top + _BAND, still.height))
        if still.crop(band).tobytes() != other.crop(band).tobytes():
            raise damage


def jpeg_notes(data: bytes, has_profile: bool) -> tuple[str, ...]:
    """Notes on what a JPEG file lacks; ``has_profile`` says that its colour profile could be read."""
    if not data.startswith(JPEG_SIGNATURE):
        return ()
    found, notes = list(segments(data)), []
    if all(segment.marker != EOI for segment in found):
        notes.append("its end of image marker is missing")
    if not has_profile and any(s.marker == APP2 and data.startswith(_ICC, s.start) for s in found):
        notes.append("a part of its colour profile is missing: it is dropped, and may look different")
    if _coarse(data):
        notes.append("its last scans are missing: it is coarser than it once was")
    return tuple(notes)


def _frame(data: bytes) -> _Frame:
    """The frame header; LookupError if there is none or it is cut."""
    for segment in segments(data):
        if segment.marker in _FRAMES:
            return _Frame(segment.marker, data[segment.start : segment.end])
    raise LookupError("no frame header")


def _has_all_intervals(data: bytes) -> bool:
    """True if each component has a scan, and each scan its restart intervals."""
    frame, interval, scanned = _frame(data), 0, set[int]()
    scan: list[int] | None = None
    coded_at = 0
    for segment in segments(data):
        if scan is not None and interval and frame.marker not in _OF_SAMPLES:
            needed = -(-frame.units(scan) // interval) - 1
            if n_restarts(data[coded_at : segment.at]) < needed:
                return False
        scan = None
        if segment.marker == DRI:
            interval = int.from_bytes(data[segment.start : segment.start + 2], "big")
        if segment.marker == SOS:
            scan, coded_at = _components(data[segment.start : segment.end]), segment.end
            scanned.update(scan)
    return scanned >= set(frame.sampling)


def _components(content: bytes) -> list[int]:
    """Identifiers of the components in a scan header (ITU-T T.81, B.2.3)."""
    return [content[1 + 2 * i] for i in range(content[0])]


def _coarse(data: bytes) -> bool:
    """True if a progressive file lacks coefficients, or the last bits of some (ITU-T T.81, G.1.1.1)."""
    try:
        frame = _frame(data)
        if frame.marker not in _PROGRESSIVE:
            return False
        missing = {(c, k) for c in frame.sampling for k in range(_LAST_COEFFICIENT + 1)}
        for segment in segments(data):
            if segment.marker == SOS:
                content = data[segment.start : segment.end]
                first, last, bits = content[-3:]
                if bits & 15 == 0:
                    missing -= {(c, k) for c in _components(content) for k in range(first, last + 1)}
        return bool(missing)
    except (LookupError, ValueError):
        return False
