"""``python -m nncodec`` is ``nnc``."""

from nncodec.cli import main

main()
