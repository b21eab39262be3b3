"""The verbs of ``nnc``, one file each, which define ``command``."""
