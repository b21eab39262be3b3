"""The lapped latent that the codecs learned and ccnn share: layout, contexts, bitstream, transform, both coders."""
