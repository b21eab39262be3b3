"""Coverage-guided fuzzing of decode by atheris: ``pip install atheris``, then ``make fuzz-coverage``.

    python -m tests.fuzz.coverage -max_total_time=600

Options are those of libFuzzer. An input is not a file, since a checksum would stop all damage: its first byte names a
codec, and the file around the rest, a payload, is made here; or it is 0, and the rest is a file whose checksums are set
right. The file that raises other errors than ours is written to ``crash.nnc`` in the working folder.
"""

import sys
import tempfile
from pathlib import Path

from tests.damage import Part, build, head, repair, take_apart

_FILE = 0
"""First byte of an input that is a whole file."""
_PAYLOAD = 0x10
_SIDE = 64
"""Largest side of a picture in pixels."""
_MAX_LENGTH = 4096


def file_of(data: bytes) -> bytes:
    """The file that an input stands for: codec, mode, width less 1, height less 1, one byte each, and a payload."""
    if len(data) < 4 or data[0] == _FILE:
        return repair(data[1:])
    codec, mode, width, height = data[:4]
    header = head(codec, mode & 1, 1 + width % _SIDE, 1 + height % _SIDE)
    return build(header, [Part(0x80 | _PAYLOAD, data[4:])])


def inputs_of(file: bytes) -> list[bytes]:
    """The inputs that stand for a sound file: the file itself, and its payload where it is small."""
    header, parts = take_apart(file)
    found = [bytes([_FILE]) + file]
    width, height = header[7], header[8] if len(header) == 9 else 0
    if 0 < width <= _SIDE and 0 < height <= _SIDE:
        payload = next(part.data for part in parts if part.tag & 0x7F == _PAYLOAD)
        found.append(bytes([header[5], header[6], width - 1, height - 1]) + payload)
    return found


def main() -> None:
    """Fuzz until a fault is found, or the time of libFuzzer's options is over."""
    import atheris

    with atheris.instrument_imports(include=["nncodec"]):
        from tests.fuzz import sound
        from tests.fuzz.attempts import Harm, Trial, answers, load_libraries

        load_libraries(sound.files())  # codecs import their coders when they run

    def once(data: bytes) -> None:
        file = file_of(data)
        try:
            answers(Trial(len(data), "decode", file))
        except Harm:
            Path("crash.nnc").write_bytes(file)
            raise

    corpus = Path(tempfile.mkdtemp(prefix="nnc-corpus-"))
    sound_inputs = [one for file in sound.files() for one in inputs_of(file) if len(one) <= _MAX_LENGTH]
    for number, one in enumerate(sound_inputs):
        (corpus / str(number)).write_bytes(one)
    atheris.Setup([sys.argv[0], f"-max_len={_MAX_LENGTH}", *sys.argv[1:], str(corpus)], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
