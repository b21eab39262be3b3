"""The page of ``nnc compare --html``: two pictures, the map of their differences, and figures."""

from dataclasses import replace
from typing import NamedTuple

from nncodec.image import Picture, Pixels, upright, write
from nncodec.image.heatmap import FULL_SCALE, palette, render
from nncodec.pages.assembly import assemble, data_url

_STYLES = ("page.css", "compare.css")
_SCRIPTS = ("stage.js", "compare.js")
_STOPS = 16
"""Colours of the legend, between which a browser interpolates."""


class Side(NamedTuple):
    """One of the two pictures."""

    name: str
    picture: Picture
    n_bytes: int
    """Size of its file."""


def comparison_page(a: Side, b: Side, alike: tuple[Pixels, Pixels], measures: list[tuple[str, str]]) -> bytes:
    """Make the page, as HTML.

    ``alike`` are the pixels of both in one shape, for the map of differences; ``measures`` are names and values as
    they are to be read. All three are turned upright as the Exif data of A say, since they were compared as stored.
    """
    exif = a.picture.metadata.exif
    difference = Picture(render(*alike))
    shown = [_upright(picture, exif) for picture in (a.picture, b.picture, difference)]
    n_pixels = a.picture.width * a.picture.height
    sides = [
        {"name": side.name, "bytes": side.n_bytes, "bpp": f"{8 * side.n_bytes / n_pixels:.3f}", "src": _png(picture)}
        for side, picture in zip((a, b), shown, strict=False)
    ]
    data = {
        "a": sides[0],
        "b": sides[1],
        "difference": {"src": _png(shown[2])},
        "width": shown[0].width,
        "height": shown[0].height,
        "ratio": f"{100 * b.n_bytes / a.n_bytes:.1f} %",
        "measures": measures,
    }
    peak = 2**a.picture.depth - 1
    return assemble("compare.html", _STYLES, _SCRIPTS, data, title=f"{a.name} · {b.name}", **_legend(peak))


def _legend(peak: int) -> dict[str, str]:
    """The colours of the map up to the largest error that has its own, and the errors at middle and end."""
    most = round(peak * FULL_SCALE)
    colours = palette(peak)[[round(i * most / _STOPS) for i in range(_STOPS + 1)]]
    ramp = ", ".join(f"rgb({red} {green} {blue})" for red, green, blue in colours.tolist())
    return {"ramp": ramp, "middle": f"{most // 2}", "most": f"{most}"}


def _upright(picture: Picture, exif: bytes | None) -> Picture:
    """A picture turned as an Exif block says, with no metadata but its colour profile."""
    turned = upright(replace(picture, metadata=replace(picture.metadata, exif=exif)))
    return replace(turned, metadata=replace(turned.metadata, xmp=None, iptc=None))


def _png(picture: Picture) -> str:
    return data_url(write(picture)[0], "image/png")
