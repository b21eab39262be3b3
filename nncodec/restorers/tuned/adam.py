"""The optimiser Adam on one vector, in NumPy, for networks that are trained without torch."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


class Adam:
    """Adam (Kingma and Ba 2015, algorithm 1), beta1 0.9, beta2 0.99, gradients clipped to norm 1.

    ``size`` is the length of the vector.
    """

    def __init__(self, size: int) -> None:
        self._mean, self._square, self._steps = np.zeros(size, np.float32), np.zeros(size, np.float32), 0

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """The state, for a later optimiser to go on from."""
        return {"mean": self._mean, "square": self._square, "steps": np.array(self._steps)}

    def take(self, arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Go on from the state of another."""
        self._mean, self._square = arrays["mean"].astype(np.float32), arrays["square"].astype(np.float32)
        self._steps = int(arrays["steps"])

    def step(self, vector: Floats, grad: Floats, rate: float) -> None:
        """Move ``vector`` (size,) in place against a gradient (size,), at a learning rate."""
        grad = grad / max(1.0, float(np.sqrt((grad * grad).sum())))
        self._steps += 1
        self._mean += 0.1 * (grad - self._mean)
        self._square += 0.01 * (grad * grad - self._square)
        # both averages begin at zero; these are without that bias
        mean, square = self._mean / (1 - 0.9**self._steps), self._square / (1 - 0.99**self._steps)
        vector -= rate * mean / (np.sqrt(square) + 1e-8)
