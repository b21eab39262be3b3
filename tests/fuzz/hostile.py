"""Time and memory of hostile files: ``python -m tests.fuzz.hostile`` decodes each in a process of its own.

Each says that it is far larger than its bytes suggest. Printed are bytes of the file, the outcome, seconds of processor
time, and the peak of the process's memory, its libraries included. Linux only.
"""

import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

from tests import pictures
from tests.damage import Part, build, head, take_apart

_ROOT = Path(__file__).parents[2]
_GOLDEN = _ROOT / "tests" / "golden"
_JPEG, _JPEG2000, _WEBP, _LEPTON, _LEARNED, _RECURRENT, _CCNN = 1, 3, 4, 6, 16, 19, 20
_SUPERRES, _GENERATIVE = 21, 22
_DECODE = """
import sys, time, nncodec
from pathlib import Path
from tests.decoding_memory import status
try:
    outcome = " x ".join(map(str, nncodec.decode(Path(sys.argv[1])).pixels.shape[1::-1]))
except nncodec.NncError as error:
    outcome = type(error).__name__
print(outcome, time.process_time(), status("VmHWM"), sep="\\n")
"""


def files() -> dict[str, bytes]:
    """Hostile files by what they are."""
    side = 13000
    return {
        "nothing but the libraries": b"",
        "recurrent, a first layer without words": _file(_RECURRENT, 4096, bytes([97, 1, 2, 0])),
        "recurrent, a first layer of 3 bytes": _file(_RECURRENT, 4096, bytes([97, 1, 2, 3]) + b"few"),
        "jpeg, a small scan": _file(_JPEG, side, _jpeg(side)),
        "jpeg2000, a small flat picture": _file(_JPEG2000, side, _jpeg2000(side)),
        "webp, flat and lossless": _file(_WEBP, side, _webp(side)),
        "learned, the latent of 1 pixel": _file(_LEARNED, side, _golden("learned", "*50-1x1.nnc")),
        "ccnn, the latent of 1 pixel": _file(_CCNN, side, _golden("ccnn", "*50-1x1.nnc")),
        "superres, the small picture of 1 pixel": _file(_SUPERRES, side, _even(_golden("superres", "*-60-1x1.nnc"))),
        "superres, a quarter of 1 pixel": _file(_SUPERRES, side, _even(_golden("superres", "*quarter-60-1x2.nnc"))),
        "generative, the latent of 1 pixel": _file(_GENERATIVE, side, _even(_golden("generative", "*-60-1x1.nnc"))),
        "lepton, without a scan": _file(_LEPTON, 96, _lepton(), height=72),
        "281 terapixels": _file(_JPEG, 2**24 - 1, b"\xff\xd8"),
    }


def _file(codec: int, width: int, payload: bytes, height: int | None = None) -> bytes:
    return build(head(codec, 1, width, height or width), [Part(0x90, payload)])


def _golden(codec: str, name: str) -> bytes:
    (path,) = (_GOLDEN / codec).glob(name)
    return take_apart(path.read_bytes())[1][0].data


def _even(payload: bytes) -> bytes:
    """A payload of superres or generative for a picture whose sides are even, and even when they are halved."""
    return payload[:2] + bytes([payload[2] & 63, payload[3] & 31]) + payload[4:]


def _jpeg(side: int) -> bytes:
    jpeg = pictures.file_of(pictures.photograph(37, 48), "JPEG", progressive=True)
    at = jpeg.index(b"\xff\xc2\0") + 5
    return jpeg[:at] + struct.pack(">2H", side, side) + jpeg[at + 4 :]


def _jpeg2000(side: int) -> bytes:
    out = bytearray(pictures.file_of(pictures.flat(64, 64), "JPEG2000", no_jp2=True))
    at = out.index(b"\xff\x51")
    for field in (at + 6, at + 22):  # size of the grid, and of a tile
        out[field : field + 8] = struct.pack(">2I", side, side)
    return bytes(out)


def _webp(side: int) -> bytes:
    out = bytearray(pictures.file_of(pictures.flat(16, 16), "WEBP", lossless=True))
    at = out.index(b"\x2f", 20) + 1  # width and height less 1, 14 bits each
    (bits,) = struct.unpack_from("<I", out, at)
    struct.pack_into("<I", out, at, bits & ~0xFFFFFFF | (side - 1) << 14 | side - 1)
    return bytes(out)


def _lepton() -> bytes:
    payload = _golden("lepton", "baseline.nnc")
    end = 32 + int.from_bytes(payload[28:32], "little")
    header = zlib.decompress(payload[32:end])
    at = header.index(b"\xff\xda")
    length = int.from_bytes(header[at + 2 : at + 4], "big") + 2
    header = header[:at] + header[at + length :]
    header = header[:3] + (int.from_bytes(header[3:7], "little") - length).to_bytes(4, "little") + header[7:]
    packed = zlib.compress(header)
    out = payload[:28] + len(packed).to_bytes(4, "little") + packed + payload[end:-4]
    return out + len(out).to_bytes(4, "little")


def measured(data: bytes) -> tuple[str, float, int]:
    """Outcome, seconds of processor time and peak of resident memory in bytes of a process that decodes a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "hostile.nnc")
        path.write_bytes(data)
        ran = subprocess.run([sys.executable, "-c", _DECODE, str(path)], capture_output=True, text=True, cwd=_ROOT)
    if ran.returncode:
        return f"exit {ran.returncode}", 0.0, 0
    outcome, seconds, memory = ran.stdout.splitlines()
    return outcome, float(seconds), int(memory)


def main() -> None:
    """Print a line for each file."""
    for what, data in files().items():
        outcome, seconds, memory = measured(data)
        print(f"{what:40} {len(data):6} bytes  {outcome:15} {seconds:5.1f} s {memory / 1e6:7.0f} MB", flush=True)


if __name__ == "__main__":
    main()
