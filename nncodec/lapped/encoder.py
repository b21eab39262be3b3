"""The price of an error, by which encoder and training weigh bits."""

PRICE = 8.0
"""Bits that the square of one quantiser step of error is worth; the theory of fine uniform quantisers says 8.7."""
PRICE_FACTOR = 1.3
"""Factor on the price where single symbols are chosen: zeros also make poorer contexts for the symbols that follow."""
