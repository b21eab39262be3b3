"""Make golden files for the weights of codec compact: ``python -m tests.make_golden_compact NUMBER``, when they ship.

Each ``NAME.nnc`` must decode for as long as the model ships; ``NAME.png`` is what it decoded to on the day.
"""

import sys

from tests import pictures
from tests.golden_weights import coded, write

if __name__ == "__main__":
    files = {
        "webp-30-131x97": coded(pictures.photograph(97, 131), "compact:webp", 30),
        "avif-50-gray-70x41": coded(pictures.photograph(41, 70, 1), "compact", 50),
        "jpeg-10-64x64": coded(pictures.photograph(64, 64), "compact:jpeg", 10),
        "jpeg2000-60-1x1": coded(pictures.photograph(1, 1), "compact:jpeg2000", 60),
    }
    write("compact", int(sys.argv[1]), files)
