"""Make pictures unlike photographs, that no weights were trained on: stripes, a page, a scan of it, a weave.

    python experiments/unlike_pictures.py DIR

Each is 384 x 256: slanted stripes of two colours, a page of letters made of strokes, that page as a scanner sees it
(gray, turned, blurred, with noise), and a woven texture of threads that vary.
"""

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import PIL.Image

HEIGHT, WIDTH = 256, 384
Floats = npt.NDArray[np.float64]


def grid() -> tuple[Floats, Floats]:
    """Rows and columns."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return y.astype(float), x.astype(float)


def stripes() -> Floats:
    """Slanted stripes with soft edges, in two colours."""
    y, x = grid()
    share = 0.5 + 0.5 * np.tanh(3 * np.sin((2 * x + 3 * y) / 4.5))
    dark, light = np.array([40, 60, 110]), np.array([235, 215, 150])
    return dark + share[..., None] * (light - dark)


def page() -> Floats:
    """Lines of words, each of letters of a small alphabet of strokes; dark on white."""
    rng = np.random.default_rng(1)
    alphabet = [_letter(rng) for _ in range(26)]
    found = np.full((HEIGHT, WIDTH), 250.0)
    for top in range(12, HEIGHT - 20, 15):
        left = 14
        while left < WIDTH - 70:
            for each in rng.integers(0, 26, rng.integers(2, 9)):
                found[top : top + 11, left : left + 7] -= 225 * alphabet[each]
                left += 7
            left += 5
    return found.clip(0, 255)


def _letter(rng: np.random.Generator) -> Floats:
    """Three strokes within 11 x 7, antialiased: drawn four times as large."""
    y, x = np.mgrid[:44, :28]
    drawn = np.zeros((44, 28))
    for _ in range(3):
        (y0, x0), (y1, x1) = rng.uniform((4, 3), (40, 22), (2, 2))
        length = max(float(np.hypot(y1 - y0, x1 - x0)), 1e-6)
        along = (((y - y0) * (y1 - y0) + (x - x0) * (x1 - x0)) / length**2).clip(0, 1)
        drawn[np.hypot(y - y0 - along * (y1 - y0), x - x0 - along * (x1 - x0)) < 2.6] = 1
    return drawn.reshape(11, 4, 7, 4).mean((1, 3))


def scan() -> Floats:
    """The page turned by a degree and blurred, on paper that is not white, with the noise of a scanner."""
    rng = np.random.default_rng(2)
    still = PIL.Image.fromarray(page().astype(np.uint8))
    turned = np.asarray(still.rotate(1.0, PIL.Image.Resampling.BICUBIC, fillcolor=250), float)
    wide = np.pad(turned, 1, mode="edge")
    blurred = sum(wide[i : i + HEIGHT, j : j + WIDTH] for i in range(3) for j in range(3)) / 9
    y, x = grid()
    return blurred * 0.82 + 14 + 8 * np.sin(x / 140 + y / 90) + rng.normal(0, 4, (HEIGHT, WIDTH))


def weave() -> Floats:
    """Threads over and under each other, each of a brightness of its own."""
    rng = np.random.default_rng(3)
    y, x = grid()
    across, down = (y // 6).astype(int), (x // 6).astype(int)
    over = (across + down) % 2 == 0
    shades = rng.uniform(90, 200, (2, WIDTH // 6 + 1))
    bend = np.abs(np.sin(np.pi * (np.where(over, y, x) % 6 + 0.5) / 6))
    shade = np.where(over, shades[0][across], shades[1][down]) * (0.45 + 0.55 * bend)
    tint = np.array([1.0, 0.9, 0.75])
    return shade[..., None] * tint + rng.normal(0, 3, (HEIGHT, WIDTH, 1))


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for make in (stripes, page, scan, weave):
        pixels = np.rint(make()).clip(0, 255).astype(np.uint8)
        PIL.Image.fromarray(pixels).save(folder / f"{make.__name__}.png")
