"""Generative: a codec for extreme rates. A generator paints from a latent of 1/16 of the sides, and from noise.

After Radford et al. 2015 (DCGAN), Agustsson et al. 2019, "Generative Adversarial Networks for Extreme Learned Image
Compression", and Mentzer et al. 2020 (HiFiC). The encoder E is linear: a filter that halves the sides, then the lapped
transform of ``learned``, whose quantiser q and whose exact contexts code the latent. The generator G is `learned`'s
synthesis, and behind it a network that was trained against a discriminator D, which sees the small picture, too. The
seed of the noise v are the file's own bytes, so that a file gives one picture. The payload: docs/format/generative.md.
"""

from nncodec.codec import Codec
from nncodec.codecs import by_name
from nncodec.painting.painted import Painted

_NAME, _LATENT = "generative", "learned"


class Generative(Painted):
    """The codec ``generative``; see the module's docstring."""

    id = 22
    family = _NAME
    name = _NAME
    summary = (
        "A GAN codec for extreme rates: it paints likely detail from 0.02 to 0.15 bits per pixel. What it shows is "
        "invented. Slow to encode."
    )
    noise = True
    bases: tuple[str, ...] = (_LATENT,)
    base = _LATENT
    max_side = 65535
    fidelity = ((0, 22.35), (10, 24.19), (30, 26.89))  # beyond, learned alone takes fewer bytes

    def on(self, base: str) -> "Generative":
        """This codec: there is one base."""
        return self

    def small_codec(self) -> Codec:
        """The codec of the latent."""
        return by_name(_LATENT)

    def small_codecs(self) -> dict[int, Codec]:
        """The codec of the latent, by wire number."""
        latent = by_name(_LATENT)
        return {latent.id: latent}


CODEC = Generative()
