"""The lapped latent of the codec learned: layout, bitstream, transform, and the recipe of the transforms."""
