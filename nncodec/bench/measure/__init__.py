"""Measuring: jobs planned, run and turned into rows."""
