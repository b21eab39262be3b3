"""Measuring codecs over folders of pictures: tables, curves, BD-rates, a report.

``run`` fills a TSV table, ``report`` turns tables into plots and pages. The measuring needs NumPy and Pillow only; the
report needs the extra ``bench`` (matplotlib, scipy, bjontegaard).
"""
