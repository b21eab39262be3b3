"""Make golden files for the weights of codec recurrent: ``python -m tests.make_golden_recurrent NUMBER``, once.

Each ``NAME.nnc`` must decode for as long as the model ships; ``NAME.png`` is what it decoded to on the day.
"""

import sys

from tests import pictures
from tests.golden_weights import coded, usual, write

if __name__ == "__main__":
    finest = {"rgb-100-64x64": coded(pictures.photograph(64, 64), "recurrent", 100)}
    files = {name: data for name, data in usual("recurrent").items() if name != "rgb-90-64x64"}
    write("recurrent", int(sys.argv[1]), files | finest)
