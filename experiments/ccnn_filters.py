"""Filters of ccnn, small and large, and leaks of its leaky ReLU: bytes and PSNR of payloads, as a table.

    python experiments/ccnn_filters.py PICTURE... > results/training/ccnn-filters.tsv

Every network has the stride 8 and is trained alike, for 150 steps. The bytes of the weights are those that a payload
with the same latent and weights of zero lacks.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from nncodec.codecs.ccnn.bitstream import Payload, write
from nncodec.codecs.ccnn.bitstream import read as read_symbols
from nncodec.codecs.ccnn.decoder import decode
from nncodec.codecs.ccnn.encoder import Plan, encode
from nncodec.image.metrics import psnr
from nncodec.image.reading import read

STEPS = (80.0, 30.0, 10.0)
"""Quantiser steps, in levels; leaks are tried at the second alone."""
BASE = Plan(step=0, steps=150, rounds=2)
OVERLAPS, LEAKS = (1, 2, 3, 4, 6), (14, 8, 2)
FORMS = [replace(BASE, overlap=each) for each in OVERLAPS] + [replace(BASE, leak=each) for each in LEAKS]


def main(paths: list[str]) -> None:
    print("# Trained for 150 steps; leak in sixteenths, bytes of the payload")
    print("filters\tleak\tstep\timage\tchannels\tbytes\tof weights\tpsnr")
    for path in paths:
        pixels = read(Path(path).read_bytes()).pixels
        height, width = pixels.shape[:2]
        for form in FORMS:
            for step in STEPS if form.leak == BASE.leak else STEPS[1:2]:
                data = encode(pixels, replace(form, step=step))
                parsed = Payload.parse(data, 3)
                values, weights = read_symbols(parsed, width, height, 3)
                bare = write(values, np.zeros_like(weights), parsed.shape, (width, height), parsed.step, parsed.leak)
                fidelity = psnr(pixels, decode(data, width, height, 3))
                what = parsed.shape.taps, form.leak, step, Path(path).stem, len(values)
                print(*what, len(data), len(data) - len(bare), f"{fidelity:.3f}", sep="\t", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
