"""The unit of the latent's values."""

MEAN_ONE = 16
"""Means and values are multiples of 1/16 of a symbol."""
