"""Rows for the tests of the bench: what a codec with a known curve would have measured."""

import math

from nncodec.bench.results_tsv import Row

QUALITIES = (10.0, 30.0, 50.0, 70.0, 90.0)


def row(codec: str = "new", quality: float = 50.0, image: str = "a.png", **changes: object) -> Row:
    """One row; PSNR rises by 3 dB for every doubling of the rate, MS-SSIM by 3 dB too."""
    bpp = 0.1 * 2 ** (quality / 20)
    psnr = 28 + 3 * math.log2(bpp / 0.1)
    values: dict[str, object] = {
        "codec": codec,
        "quality": quality,
        "effort": 5,
        "device": "cpu",
        "restore": "none",
        "set": "small",
        "image": image,
        "width": 100,
        "height": 80,
        "bytes": round(bpp * 1000),
        "bpp": bpp,
        "psnr": psnr,
        "psnr_y": psnr + 1,
        "ssim": 0.9,
        "ms_ssim": 1 - 10 ** (-(psnr - 15) / 10),
        "encode_s": None,
        "decode_s": None,
        "encode_cpu_s": None,
        "decode_cpu_s": None,
        "reps": None,
        "threads": None,
        "encode_mib": None,
        "decode_mib": None,
        "version": "0.1.0",
    }
    return Row(**{**values, **changes})  # type: ignore[arg-type]


def series(codec: str, rate: float = 1.0, images: tuple[str, ...] = ("a.png", "b.png"), **changes: object) -> list[Row]:
    """Rows of a codec that needs ``rate`` times the bits of the plain one."""
    plain = [row(codec, quality, image, **changes) for image in images for quality in QUALITIES]
    return [
        Row(**{**vars(one), "bpp": one.bpp * rate, "bytes": round(one.bytes * rate)})  # type: ignore[arg-type]
        for one in plain
    ]
