"""Encode-time search: several ways to code one picture, of which the encoder keeps the best.

More effort only adds ways, so it never gives a worse trade of bits for error.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from nncodec.entropy.choose import Rounder
from nncodec.entropy.coder import Encoder, Indices, Symbols
from nncodec.entropy.exact import Integers
from nncodec.entropy.layout import MAX_QUALITY_INDEX
from nncodec.entropy.payload import Payload
from nncodec.entropy.prior import GAIN_BITS, Means, Prior
from nncodec.entropy.walk import HYPER, walk, wanted
from nncodec.metrics import mse
from nncodec.nets.hyperprior import LAMBDA_MAX, LAMBDA_MIN
from nncodec.nets.painter import Bytes, Floats, Painter
from nncodec.nets.refine import Refiner

PRICES = ((3, 1.6), (6, 1.1), (6, 2.3))
"""(effort, factor): from this effort on, rounding by rate and distortion with the error's price times the factor.

A factor above 1 pays because symbols moved to zero also make poorer contexts, which the price does not see.
"""
REFINEMENTS = ((6, 20, 1.0), (7, 50, 1.0), (8, 50, 1.1), (9, 120, 1.0))
"""(effort, steps, rate weight): from this effort on, the latent refined so (`nncodec.nets.refine`), then rounded."""

Choose = Callable[[Floats, Indices], Symbols]


@dataclass(frozen=True)
class Coded:
    """One way to code a picture."""

    payload: bytes
    latent: Floats
    """As the decoder will see it."""


def nearest(wanted: Floats, indices: Indices) -> Symbols:
    """Plain rounding."""
    return np.rint(wanted).astype(np.int32)


def trade_off(quality: int) -> float:
    """Lambda: bits per pixel that one unit of mean squared error, in 0..255 levels, is worth."""
    return float(LAMBDA_MIN * (LAMBDA_MAX / LAMBDA_MIN) ** (quality / MAX_QUALITY_INDEX))


@dataclass(frozen=True)
class Search:
    """The encoder's view of one picture at one quality index."""

    number: int
    """Of the model."""
    arrays: dict[str, Integers]
    painter: Painter
    quality: int
    pixels: Bytes
    """(H, W, 3), sides multiples of 64."""
    device: str
    stamp: int
    """Where the checksum of the symbols starts; see `nncodec.entropy.payload.stamp`."""

    def best(self, effort: int) -> bytes:
        """The payload with the best trade among those that the effort allows."""
        prior = Prior(self.arrays, self.quality, self.device)
        gain = (prior.gain / (1 << GAIN_BITS)).astype(np.float32)
        latent = self.painter.analyse(self.pixels, self.quality)
        hyper = self.painter.hyper(latent, gain, self.quality)
        if effort < PRICES[0][0]:
            return self._coded(prior, latent, hyper, nearest).payload
        tried = (self._tried(prior, way, hyper, choose) for way, choose in self._ways(prior, latent, hyper, effort))
        return min(tried, key=itemgetter(0))[1]

    def _ways(self, prior: Prior, latent: Floats, hyper: Symbols, effort: int) -> Iterator[tuple[Floats, Choose]]:
        """Latents, and how to round them."""
        price = trade_off(self.quality) * self.arrays["energy"] / (prior.gain / (1 << GAIN_BITS)) ** 2
        yield latent, nearest
        for from_effort, factor in PRICES:
            if effort >= from_effort:
                yield latent, Rounder(prior.tables, factor * price)
        if effort < REFINEMENTS[0][0]:
            return
        refiner = Refiner(self.arrays, self.painter.device, self.painter.low_precision, self.quality, price)
        for from_effort, steps, rate_weight in REFINEMENTS:
            if effort >= from_effort:
                yield refiner.refined(latent, hyper, self.pixels, steps, rate_weight), nearest

    def _tried(self, prior: Prior, latent: Floats, hyper: Symbols, choose: Choose) -> tuple[float, bytes]:
        """Cost and payload of one way; its latent, as large as the picture, does not outlive the call."""
        coded = self._coded(prior, latent, hyper, choose)
        return self._cost(coded), coded.payload

    def _coded(self, prior: Prior, latent: Floats, hyper: Symbols, choose: Choose) -> Coded:
        encoder = Encoder(prior.tables)
        gain = (prior.gain / (1 << GAIN_BITS)).astype(np.float32)

        def exchange(step: int, means: Means, indices: Indices) -> Symbols:
            symbols = hyper if step == HYPER else choose(wanted(latent, step, gain, means), indices)
            encoder.code(symbols.reshape(-1), indices.reshape(-1))
            return symbols

        walked = walk(prior, hyper.shape[0], hyper.shape[1], exchange, self.stamp)
        payload = Payload(self.number, self.quality, walked.checksum, *encoder.finish())
        return Coded(payload.serialize(), walked.latent)

    def _cost(self, coded: Coded) -> float:
        """Bits plus lambda times the squared error of what the decoder will paint, over the padded picture."""
        seen = self.painter.paint(coded.latent, self.quality)
        error = mse(seen, self.pixels) * seen.size / 3
        return 8 * len(coded.payload) + trade_off(self.quality) * error
