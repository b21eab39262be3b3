"""Slopes of the bits of group 0 over the local means in its contexts; see `nncodec.codecs.learned.context_slopes`."""

import numpy as np

from nncodec.codecs.learned.context import LINEAR_BITS, Floats
from nncodec.codecs.learned.grid import DecodedLatent, signed_of, sizes_of
from nncodec.codecs.learned.mean_context import NEAREST, MeanContext, MeanPass, mean_passes
from nncodec.codecs.learned.network_slopes import back, signed_slope, size_slope


def add_means(context: MeanContext, known: DecodedLatent, slopes: Floats) -> None:
    """Add those of a unit to slopes (planes, h + 2, w + 2) over bordered means."""
    for each in mean_passes(known.height, known.width):
        if each.offsets:
            _add_pass(context, known, each, slopes)


def _add_pass(context: MeanContext, known: DecodedLatent, each: MeanPass, slopes: Floats) -> None:
    guesses, differences = context.differences(known, each, slice(None))
    features = np.concatenate([signed_of(differences), sizes_of(differences)], 1, dtype=np.float32)
    linear = context.linear[each.row].astype(np.float32) * np.float32(2.0**-LINEAR_BITS)
    coded = np.stack([known.means[plane, each.y, each.x] for plane in context.planes], 1)
    layers = context.enter[each.row], *context.hidden, context.leave[each.row]
    by_mean, by_feature = back(layers, features, differences @ linear + guesses, coded)
    count, plain = differences.shape[1], differences.astype(np.float32)
    by_difference = by_mean @ linear.T + by_feature[:count].T * signed_slope(plain)
    by_difference += by_feature[count:].T * size_slope(plain)
    _scatter(context, known, each, by_mean, by_difference, slopes)


def _scatter(
    context: MeanContext, known: DecodedLatent, each: MeanPass, by_mean: Floats, by_difference: Floats, slopes: Floats
) -> None:
    """Bring slopes over means and differences to the positions that `MeanContext.differences` read."""
    ys, xs, there = each.neighbours(slice(None), known.height, known.width)
    near = there[:, :NEAREST] / there[:, :NEAREST].sum(1, keepdims=True)  # (n, NEAREST) shares of the guess
    first = 0
    for number, plane in enumerate((*context.planes, *context.others)):
        own = by_difference[:, first : first + ys.shape[1]] * there
        first += ys.shape[1]
        by_guess = -own.sum(1)
        if plane in context.others:
            here = by_difference[:, first]
            first += 1
            by_guess -= here
            slopes[plane, each.y + 1, each.x + 1] += here
        else:
            by_guess += by_mean[:, number]
        own[:, :NEAREST] += by_guess[:, None] * near
        width = slopes.shape[2]
        at = (ys + 1) * width + xs + 1
        slopes[plane] += np.bincount(at.reshape(-1), own.reshape(-1), slopes[plane].size).reshape(-1, width)
