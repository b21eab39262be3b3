"""Derivatives of the 378-parameter network: the gradient of a squared error, and the Gauss-Newton matrix.

Planes are kept flat, (channels, rows * width): a neighbour is then at a fixed distance, and the nine shifts of a 3 x 3
convolution are nine contiguous copies. What stands at the last two places of each row mixes two rows, and is never
used: every layer makes two more such places, and the result leaves out ten.
"""

import numpy as np

from nncodec.nets.tiny378 import (
    CHANNELS,
    HALO,
    LAYERS,
    N_PARAMETERS,
    OUTPUT_UNIT,
    TAPS,
    Floats,
    factors,
    kernels,
    network_input,
    rectify,
)

_BLOCK = CHANNELS * (TAPS + CHANNELS)


class Derivatives:
    """For planes of one shape, (height, width) with the halo, whose buffers are used again and again.

    One plane at a time is worked on, so that its matrices stay in a core's cache: take planes of about 58 x 58.
    """

    def __init__(self, height: int, width: int) -> None:
        self._width = width
        self._columns = [np.empty(CHANNELS * TAPS * height * width, np.float32) for _ in range(LAYERS)]
        self._scratch = np.empty(CHANNELS * TAPS * (height + 4) * width, np.float32)
        self._jacobian = np.zeros((N_PARAMETERS, (height - 2 * HALO) * width), np.float32)

    def gradient(
        self, parameters: Floats, luma: Floats, target: Floats, weight: Floats | float = 1.0
    ) -> tuple[float, Floats]:
        """Weighted squared error of corrected luma, summed over a batch, and its gradient.

        Args:
            parameters: (378,)
            luma: (n, h, w), in levels.
            target: (n, h - 10, w - 10), in levels.
            weight: factor of the squared errors, a number or (n, 1, 1).

        Returns:
            The weighted sum of squared errors, and (378,).
        """
        layers = kernels(parameters)
        weights = np.broadcast_to(np.asarray(weight, np.float32), (len(luma), 1, 1))
        total, dense = 0.0, [np.zeros_like(kernel) for kernel in layers]
        for plane, wanted, factor in zip(luma, target, weights, strict=True):
            out = self._forward(layers, plane)
            error = plane[HALO:-HALO, HALO:-HALO] + _unflattened(out, self._width) * OUTPUT_UNIT - wanted
            total += float((factor * error * error).sum())
            back = np.pad(2 * OUTPUT_UNIT * factor * error, ((0, 0), (0, 2 * HALO))).reshape(1, -1)
            self._backward(layers, back[:, : out.shape[1]].astype(np.float32), dense)
        return total, _to_factors(parameters, dense)

    def jacobian(self, parameters: Floats, luma: Floats) -> Floats:
        """Derivatives of the corrected luma of one plane (h, w), (378, (h - 10) * w); a view, valid until the next.

        By tangents: the change that each weight makes right behind its layer is taken through the layers after it.
        The last 10 places of each row are zero.
        """
        layers = kernels(parameters)
        self._forward(layers, luma)
        _, blocks, _ = factors(parameters)
        for weight in range(CHANNELS * TAPS):
            self._through(layers, 1, weight, self._only(weight // TAPS, self._at(0)[weight % TAPS], 0))
        for number, (depthwise, pointwise) in enumerate(blocks, 1):
            row = CHANNELS * TAPS + (number - 1) * _BLOCK
            taps = self._at(number).reshape(CHANNELS, TAPS, -1)
            for weight in range(CHANNELS * TAPS):
                tangent = pointwise[:, weight // TAPS, None] * self._at(number)[weight]
                self._through(layers, number + 1, row + weight, tangent * self._open[number])
            mixed = np.matmul(depthwise[:, None], taps)[:, 0]
            for weight in range(CHANNELS * CHANNELS):
                tangent = self._only(weight // CHANNELS, mixed[weight % CHANNELS], number)
                self._through(layers, number + 1, row + CHANNELS * TAPS + weight, tangent)
        last = self._at(LAYERS - 1)
        self._jacobian[-len(last) :, : last.shape[1]] = OUTPUT_UNIT * last
        planes = self._jacobian.reshape(N_PARAMETERS, -1, self._width)
        planes[:, :, -2 * HALO :] = 0
        return self._jacobian

    def _forward(self, layers: list[Floats], luma: Floats) -> Floats:
        """The flat output; keeps what entered each layer, as columns, and where the rectifiers let through, as 1."""
        x = network_input(luma).reshape(1, -1)
        self._open, self._shapes = [], []
        for number, kernel in enumerate(layers):
            columns = self._gather(x, self._columns[number])
            self._shapes.append(columns.shape)
            x = kernel @ columns
            if number < LAYERS - 1:
                rectify(x)
                self._open.append((x > 0).astype(np.float32))
        return x

    def _backward(self, layers: list[Floats], back: Floats, dense: list[Floats]) -> None:
        """Add the gradient of the dense kernels to ``dense``, from that of the flat output."""
        reach = 2 * self._width + 2
        for number in range(LAYERS - 1, -1, -1):
            dense[number] += back @ self._at(number).T
            if number:
                turned = layers[number].reshape(len(back), CHANNELS, TAPS)[:, :, ::-1].swapaxes(0, 1)
                around = self._gather(np.pad(back, ((0, 0), (reach, reach))), self._scratch)
                back = (turned.reshape(CHANNELS, -1) @ around) * self._open[number - 1]

    def _through(self, layers: list[Floats], first: int, row: int, tangent: Floats) -> None:
        """Take a tangent (6, n) through the layers from ``first`` on, into a row of the Jacobian."""
        for number in range(first, LAYERS):
            tangent = layers[number] @ self._gather(tangent, self._scratch)
            if number < LAYERS - 1:
                tangent *= self._open[number]
        self._jacobian[row, : tangent.shape[1]] = OUTPUT_UNIT * tangent[0]

    def _only(self, channel: int, values: Floats, layer: int) -> Floats:
        """A tangent behind a layer that is zero but in one channel."""
        tangent = np.zeros((CHANNELS, len(values)), np.float32)
        tangent[channel] = values * self._open[layer][channel]
        return tangent

    def _at(self, layer: int) -> Floats:
        """The columns that entered a layer."""
        rows, n = self._shapes[layer]
        return self._columns[layer][: rows * n].reshape(rows, n)

    def _gather(self, x: Floats, buffer: Floats) -> Floats:
        """The neighbourhoods of flat planes (C, n) as the columns of a matrix, (C * 9, n - 2 * width - 2)."""
        along, step = x.strides
        shape = (len(x), 3, 3, x.shape[1] - 2 * self._width - 2)
        around = np.ndarray(shape, x.dtype, x, 0, (along, self._width * step, step, step))
        columns = buffer[: around.size].reshape(around.shape)
        np.copyto(columns, around)
        return columns.reshape(len(x) * TAPS, -1)


def _to_factors(parameters: Floats, dense: list[Floats]) -> Floats:
    """The gradient of the parameters from that of the five dense kernels."""
    parts = [dense[0].reshape(-1)]
    for (depthwise, pointwise), grad in zip(factors(parameters)[1], dense[1:-1], strict=True):
        taps = grad.reshape(CHANNELS, CHANNELS, TAPS)
        parts.append((taps * pointwise[:, :, None]).sum(0).reshape(-1))
        parts.append((taps * depthwise[None]).sum(2).reshape(-1))
    return np.concatenate([*parts, dense[-1].reshape(-1)]).astype(np.float32)


def _unflattened(x: Floats, width: int) -> Floats:
    """The part of a flat result (1, rows * width - 10) that is the picture's, (rows, width - 10)."""
    return np.pad(x[0], (0, 2 * HALO)).reshape(-1, width)[:, : -2 * HALO]
