"""Reporting: curves, BD-rates, tables, plots, crops and a page from files of results."""
