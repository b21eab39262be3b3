"""From symbols to words and back: exact arithmetic, tables of distributions, and the range coder."""
