"""Measuring: planned, run and turned into rows."""
