"""The Pillow plugin: ``Image.open("x.nnc")`` and ``image.save("x.nnc")`` after ``nncodec.register_pillow()``."""

from pathlib import Path
from typing import IO, Any

import PIL.Image
import PIL.ImageFile

from nncodec.codec import Options
from nncodec.container import MAGIC
from nncodec.errors import NncError
from nncodec.image import from_pillow, to_pillow
from nncodec.pipeline import (
    AUTO,
    DEFAULT_CODEC,
    Settings,
    SourceOptions,
    Target,
    decode,
    encode_picture,
    peek,
    quality_for,
)
from nncodec.pipeline.inspecting import mode_name


class NncImageFile(PIL.ImageFile.ImageFile):
    """An .nnc file in Pillow: read at once, since its checksums cover all of it, but decoded on first use of pixels."""

    format = "NNC"
    format_description = "nnc neural image codec"

    def _open(self) -> None:
        assert self.fp is not None
        self._data = self.fp.read()
        if not self._data.startswith(MAGIC):
            raise SyntaxError("not an .nnc file")
        try:
            header, metadata = peek(self._data)
        except NncError as error:
            raise OSError(f"{error}") from error
        self._size = (header.width, header.height)
        self._mode = mode_name(header)
        self.info.update(metadata.as_info())

    def load(self) -> Any:
        """Decode on first use; damage found only here raises OSError, as Pillow's own formats do."""
        if self._im is None:
            try:
                # The size was checked by Pillow's own limit when the file was opened.
                decoded = decode(self._data, max_pixels=self.width * self.height)
            except NncError as error:
                raise OSError(f"{error}") from error
            self.im = to_pillow(decoded.picture, with_metadata=False).im
            self._data = b""
            if self._exclusive_fp and self.fp is not None:
                self.fp.close()
                self.fp = None
        return super(PIL.ImageFile.ImageFile, self).load()


def register_pillow() -> None:
    """Make Pillow open and save .nnc files. May be called again.

    ``image.save("x.nnc", quality=85, codec="avif", effort=5, restore="auto", bpp=..., target_size=...,
    target_psnr=..., target_ssim=..., weights=..., light=False)``, or ``lossless=True``; ICC, Exif and XMP are taken
    from ``icc_profile=``, ``exif=`` and ``xmp=``, else from the image.
    """
    PIL.Image.register_open("NNC", NncImageFile, _accept)
    PIL.Image.register_save("NNC", _save)
    PIL.Image.register_extension("NNC", ".nnc")
    PIL.Image.register_mime("NNC", "image/x-nnc")


def _accept(prefix: bytes) -> bool:
    return prefix.startswith(MAGIC)


def _save(image: PIL.Image.Image, file: IO[bytes], filename: str | bytes) -> None:
    given = image.encoderinfo
    named = None if given.get("codec") == AUTO else given.get("codec")
    codec = named or DEFAULT_CODEC
    settings = Settings(
        codec=codec,
        options=Options(quality_for(codec, given.get("quality"), given.get("codec_quality")), given.get("effort", 5)),
        target=Target.of(*map(given.get, ("target_size", "bpp", "target_psnr", "target_ssim"))),
        restore=given.get("restore", AUTO),
        weights=(Path(given["weights"]),) if given.get("weights") else (),
        light=bool(given.get("light")),
    )
    source = image.copy()
    for key in ("icc_profile", "exif", "xmp"):
        if given.get(key) is not None:
            value = given[key]
            source.info[key] = value.tobytes() if isinstance(value, PIL.Image.Exif) else value
    sourcing = SourceOptions(named, bool(given.get("lossless")))
    file.write(encode_picture(from_pillow(source), settings, sourcing).data)
