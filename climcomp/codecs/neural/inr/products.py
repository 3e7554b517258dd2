"""The one matrix product of decoders: of whole numbers, exact in every order of summation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def exact_product(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """The matrix product of whole numbers, or of whole multiples of one power of two.

    The callers' formats say why no sum, of any part of the products, passes 2^53 such multiples:
    each is then the exact one, whatever the order, the width of vectors, or fused additions.
    """
    found: NDArray[np.float64] = np.matmul(a, b)
    return found
