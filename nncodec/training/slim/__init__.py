"""Thinner networks and shorter numbers: ``nnc train slim NAME``, for the residual networks of any family.

A family offers it by `SLIM` in its ``options``, and by ``begin`` in its ``recipe``, which returns a
`nncodec.training.slim.slimming.Trainable`. Its own recipe then does the fine-tuning.
"""
