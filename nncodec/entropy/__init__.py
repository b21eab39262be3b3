"""Entropy coding: tables of distributions, and the range coder that turns symbols into words and back."""
