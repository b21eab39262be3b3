"""The published form as a plan: filters that begin by chance, and a leaky ReLU that bends."""

from nncodec.codecs.ccnn.encoder import Plan
from nncodec.codecs.ccnn.layout import MAX_TAPS

STEPS = (100, 200, 400, 800, 1500, 3000, 6000, 15000, 40000)
"""Steps of training for efforts 1 to 9, on pictures of any size."""
LEAK = 5
"""Slope of the leaky ReLU below zero, in sixteenths: near 0.3, as is usual."""
_RATE, _FULL_FROM = 3e-3, 20.0
"""Learning rate; and the step, in levels, below which there are as many channels as samples."""


def plan_of(quality: float, effort: int, overlap: int) -> Plan:
    """The plan of a quality of 0 to 100, an effort of 1 to 9 and filters of so many strides.

    Coarse steps leave fewer channels anything to say.
    """
    usual = Plan.of(quality, effort)
    share = min(1.0, _FULL_FROM / usual.step)
    channels = min(round(3 * usual.stride**2 * share), MAX_TAPS // (usual.stride * overlap) ** 2)
    steps, rounds = STEPS[effort - 1], usual.rounds
    return Plan(usual.step, steps, rounds, overlap=overlap, leak=LEAK, channels=channels, rate=_RATE)
