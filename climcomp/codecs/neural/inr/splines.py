"""How values between the nodes of a latent grid follow from them: cubic B-splines, axis by axis.

Format
------
An axis of n points with stride s = 2^k:

- s = 1: a node at each point, and straight lines between.
- s > 1: ceil((n - 1) / s) + 3 nodes, the first of them one stride before the first point; point p
  lies at x = p / s + 1 among them.
- s > 1, on an axis that wraps: m = max(4, ceil(n / s)) nodes around the circle; x = p m / n.

With i = floor(x) and t = x - i the weights of the nodes i - 1 to i + 2 (modulo m on a circle) are

    (1 - t)^3 / 6,    (3 t^3 - 6 t^2 + 4) / 6,    the rest,    t^3 / 6

each times 2^18 and rounded to the nearest integer, halves up, in exact fractions; the third is what
the others leave of 2^18. A node beyond the last one has the weight 0 there.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

ONE = 1 << 18
"""What the weights of a point add up to."""
FEWEST_AROUND = 4


def node_count(points: int, power: int, *, wraps: bool) -> int:
    """Nodes along an axis with the stride 2^power."""
    stride = 1 << power
    if stride == 1:
        return points
    if wraps:
        return max(FEWEST_AROUND, -(-points // stride))
    return -(-(points - 1) // stride) + 3


@lru_cache(maxsize=32)  # the blocks of a variable are alike
def spline_matrix(points: int, power: int, *, wraps: bool) -> NDArray[np.float64]:
    """(points, nodes) the weights of nodes for the points of an axis, whole numbers of 2^-18."""
    nodes = node_count(points, power, wraps=wraps)
    matrix = np.zeros((points, nodes))
    if power == 0:
        np.fill_diagonal(matrix, ONE)
        matrix.flags.writeable = False
        return matrix
    numerator, denominator = (nodes, points) if wraps else (1, 1 << power)
    for point in range(points):
        first, left = divmod(point * numerator, denominator)
        if not wraps:
            first += 1
        for step, weight in enumerate(_weights(left, denominator)):
            node = first - 1 + step
            if weight:
                matrix[point, node % nodes if wraps else node] += weight
    matrix.flags.writeable = False
    return matrix


def _weights(t: int, d: int) -> tuple[int, int, int, int]:
    """The four weights at t / d."""
    before = _rounded(ONE * (d - t) ** 3, 6 * d**3)
    here = _rounded(ONE * (3 * t**3 - 6 * t * t * d + 4 * d**3), 6 * d**3)
    last = _rounded(ONE * t**3, 6 * d**3)
    return before, here, ONE - before - here - last, last


def _rounded(above: int, below: int) -> int:
    return (2 * above + below) // (2 * below)


def weights_between(
    where: NDArray[np.float64], points: int, power: int, *, wraps: bool
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The nodes that matter at places along an axis, and their weights, which add up to 1.

    Parameters
    ----------
    where : (places,)
        From 0 to points - 1, or to less than `points` where the axis wraps.

    Returns
    -------
    nodes, weights : (places, 2 or 4)
    """
    nodes = node_count(points, power, wraps=wraps)
    if power == 0:
        first = np.floor(where).astype(np.int64)
        t = where - first
        after = (first + 1) % nodes if wraps else np.minimum(first + 1, nodes - 1)
        return np.stack([first, after], 1), np.stack([1 - t, t], 1)
    x = where * nodes / points if wraps else where / (1 << power) + 1
    first = np.floor(x).astype(np.int64)
    t = x - first
    weights = np.stack(
        [(1 - t) ** 3 / 6, (3 * t**3 - 6 * t**2 + 4) / 6, np.zeros_like(t), t**3 / 6], 1
    )
    weights[:, 2] = 1 - weights.sum(1)
    around = first[:, None] + np.arange(-1, 3)
    around = around % nodes if wraps else np.minimum(around, nodes - 1)
    return around, weights
