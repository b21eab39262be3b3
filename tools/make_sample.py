"""Draw the sample picture of the README, examples/harbour.png: 768 x 512, RGB.

A harbour at dusk: a graded sky with clouds, hills, water with ripples, lit houses with sharp edges. Smooth parts,
texture, edges and colour, so that codecs have something to do.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import PIL.Image

WIDTH, HEIGHT, HORIZON = 768, 512, 300
Layer = npt.NDArray[np.float64]


def noise(rng: np.random.Generator, height: int, width: int, cell_y: int, cell_x: int) -> Layer:
    """Smooth noise in 0..1: random values on a grid, interpolated with a cubic step."""
    grid = rng.random((height // cell_y + 2, width // cell_x + 2))
    y, x = np.arange(height) / cell_y, np.arange(width) / cell_x
    iy, ix = y.astype(int), x.astype(int)
    fy, fx = (t * t * (3 - 2 * t) for t in ((y - iy)[:, None], (x - ix)[None, :]))
    top = grid[iy][:, ix] * (1 - fx) + grid[iy][:, ix + 1] * fx
    bottom = grid[iy + 1][:, ix] * (1 - fx) + grid[iy + 1][:, ix + 1] * fx
    blended: Layer = top * (1 - fy) + bottom * fy
    return blended


def fractal(rng: np.random.Generator, height: int, width: int, cell_y: int, cell_x: int, octaves: int) -> Layer:
    """Octaves of :func:`noise`, each half as coarse and half as strong."""
    layers = [noise(rng, height, width, max(1, cell_y >> i), max(1, cell_x >> i)) / 2**i for i in range(octaves)]
    return np.sum(layers, axis=0) / sum(1 / 2**i for i in range(octaves))


def blend(canvas: Layer, colour: tuple[int, int, int], weight: Layer | float) -> None:
    """Paint ``colour`` over ``canvas`` (H, W, 3) in place, with a weight (H, W) from 0 to 1."""
    w = np.asarray(weight)[..., np.newaxis] if np.ndim(weight) else weight
    canvas[:] = canvas * (1 - w) + np.array(colour) * w


def sky(rng: np.random.Generator, canvas: Layer) -> None:
    """A gradient from blue to amber, and clouds lit from below."""
    height = np.linspace(0, 1, HORIZON)[:, None] * np.ones((1, WIDTH))
    part = canvas[:HORIZON]
    part[:] = (38, 56, 104)
    blend(part, (244, 166, 96), height**1.6)
    clouds = np.clip(fractal(rng, HORIZON, WIDTH, 64, 192, 6) * 2.6 - 1.2, 0, 1)
    blend(part, (250, 206, 170), clouds * 0.75 * height)
    blend(part, (96, 92, 122), clouds * 0.5 * (1 - height))


def hills(rng: np.random.Generator, canvas: Layer) -> None:
    """Three ridges, the nearer the darker, with a grain of trees."""
    rows = np.arange(HEIGHT)[:, None]
    for i, colour in enumerate([(112, 104, 132), (74, 78, 96), (44, 56, 58)]):
        ridge = HORIZON - 78 + 24 * i - 60 * fractal(rng, 1, WIDTH, 1, 160 >> i, 5)[0]
        inside = (rows > ridge[None, :]) & (rows < HORIZON)
        grain = fractal(rng, HEIGHT, WIDTH, 8, 8, 3) - 0.5
        blend(canvas, colour, inside * 1.0)
        canvas += (inside * grain * (10 + 14 * i))[..., None]


def houses(rng: np.random.Generator, canvas: Layer) -> None:
    """A row of gabled houses with windows, some of them lit."""
    x = 24
    while x < WIDTH - 60:
        width, tall = int(rng.integers(34, 64)), int(rng.integers(44, 96))
        wall = np.array([(178, 84, 62), (206, 182, 140), (150, 160, 166), (196, 128, 66)][rng.integers(4)])
        top = HORIZON - tall
        canvas[top:HORIZON, x : x + width] = wall * (0.82 + 0.1 * rng.random())
        for i in range(width // 2):
            canvas[top - i // 2 : top, x + i : x + width - i] = (62, 44, 46)
        for wy in range(top + 8, HORIZON - 14, 18):
            for wx in range(x + 6, x + width - 10, 13):
                lit = rng.random() < 0.45
                canvas[wy : wy + 10, wx : wx + 7] = (252, 222, 130) if lit else (40, 46, 60)
        x += width + int(rng.integers(0, 22))


def water(rng: np.random.Generator, canvas: Layer) -> None:
    """The scene upside down, pushed aside by ripples that grow towards the viewer."""
    depth = HEIGHT - HORIZON
    ripples = fractal(rng, depth, WIDTH, 6, 48, 4) - 0.5
    for row in range(depth):
        shift = (ripples[row] * (6 + row * 0.32)).astype(int)
        source = np.clip(HORIZON - 1 - row * 280 // depth - shift // 2, 0, HORIZON - 1)
        columns = np.clip(np.arange(WIDTH) + shift, 0, WIDTH - 1)
        canvas[HORIZON + row] = canvas[source, columns] * 0.78 + np.array((16, 26, 40)) * 0.22
    canvas[HORIZON:] += (ripples * 46)[..., None]


def boats(rng: np.random.Generator, canvas: Layer) -> None:
    """Small boats: a hull, a mast one pixel wide, a triangular sail."""
    for _ in range(5):
        x, y, size = int(rng.integers(60, WIDTH - 80)), int(rng.integers(HORIZON + 30, HEIGHT - 40)), 34
        for i in range(8):
            canvas[y + i, x + i : x + size - i] = (120, 40, 44)
        canvas[y - 46 : y, x + size // 2] = (30, 26, 28)
        for i in range(40):
            canvas[y - 44 + i, x + size // 2 + 2 : x + size // 2 + 2 + i // 2] = (236, 230, 216)


def draw() -> npt.NDArray[np.uint8]:
    """The whole picture, (512, 768, 3) uint8."""
    rng = np.random.Generator(np.random.PCG64(2021))
    canvas = np.zeros((HEIGHT, WIDTH, 3))
    for paint in (sky, hills, houses, water, boats):
        paint(rng, canvas)
    canvas += rng.normal(0, 1.6, canvas.shape)
    return np.clip(np.rint(canvas), 0, 255).astype(np.uint8)


if __name__ == "__main__":
    target = Path(__file__).resolve().parent.parent / "examples" / "harbour.png"
    PIL.Image.fromarray(draw()).save(target, optimize=True)
