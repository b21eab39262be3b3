"""The package's version. The format's version is in :mod:`nncodec.container`."""

__version__ = "0.1.0"
