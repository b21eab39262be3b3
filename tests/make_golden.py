"""Make the golden files of all codecs, restorers and models: files that must decode for ever.

``python -m tests.make_golden`` writes those that are missing and changes none that exist. Beside ``NAME.nnc`` lies
``NAME.png``, the picture that it decoded to on the day it was made. ``expected.json`` in each folder says how far a
decoder may be from that, and what else the file holds. Files of an earlier version N of the format lie in ``vN``.
"""

import hashlib
import json
import sys
from pathlib import Path

from nncodec.errors import UnsupportedFile
from nncodec.pipeline import decode, inspect
from tests import pictures
from tests.golden_cases import Case, Limits, cases

GOLDEN = Path(__file__).parent / "golden"
LISTING = "expected.json"


def describe(data: bytes, limits: Limits) -> dict[str, object]:
    """The entry of a file in its folder's listing."""
    found, info = decode(data), inspect(data)
    described: dict[str, object] = {"codec": found.codec, "mode": info.mode, "width": info.width, "height": info.height}
    described |= {"peak_error": limits.peak, "rms_error": limits.rms}
    held = vars(found.metadata).items()
    return described | {name: hashlib.sha256(value).hexdigest() for name, value in held if value is not None}


def write(name: str, case: Case) -> bool:
    """Write a golden file, its picture and its entry unless it exists; report whether it was written."""
    target = GOLDEN / f"{name}.nnc"
    if target.exists():
        return False
    data = case.make()
    target.parent.mkdir(parents=True, exist_ok=True)
    picture = pictures.file_of(decode(data).pixels, "PNG", compress_level=9)
    for path, content in ((target, data), (target.with_suffix(".png"), picture)):
        with path.open("xb") as file:
            file.write(content)
    listing = target.parent / LISTING
    expected = json.loads(listing.read_text()) if listing.exists() else {}
    listing.write_text(
        json.dumps(expected | {target.name: describe(data, case.limits)}, indent=1, sort_keys=True) + "\n"
    )
    print(f"{name}: {len(data)} bytes")
    return True


def main() -> int:
    """Write all that is missing and can be made here."""
    written = 0
    for name, case in cases():
        try:
            written += write(name, case)
        except UnsupportedFile as error:
            print(f"{name} cannot be made here: {error}", file=sys.stderr)
    print(f"{written} written; those that existed stay as they are")
    return 0


if __name__ == "__main__":
    sys.exit(main())
