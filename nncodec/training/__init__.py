"""Training, as far as recipes share it: pictures, coded regions, loop, optimisers. Imported by recipes alone,
but for ``options``, which needs no torch.
"""
