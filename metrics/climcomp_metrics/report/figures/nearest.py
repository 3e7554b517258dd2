"""The nearest cell on the globe for the pixels in which no cell's centre lies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST_EXACT = 8192
"""Up to so many cells the distance to the nearest neighbour is found for each of them."""

SAMPLE = 64

REACH = 0.85
"""A cell is taken to reach so many distances to its nearest neighbour. In a mesh of equal triangles
no point is further than 0.58 from a corner; more is needed where they are not equal, and too much
would draw the sea over the land. Seen to leave no gaps in FESOM's and the other meshes at hand."""


def unit_vectors(lat: NDArray[np.floating], lon: NDArray[np.floating]) -> NDArray[np.float64]:
    """(..., 3) points on the unit sphere, from degrees."""
    phi, theta = np.deg2rad(lat), np.deg2rad(lon)
    return np.stack([np.cos(phi) * np.cos(theta), np.cos(phi) * np.sin(theta), np.sin(phi)], -1)


def spacing_degrees(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(cells,) distance of each cell from its nearest neighbour, as degrees of arc.

    Exact for small grids; for large ones a distance that nine of ten cells keep, the same for all.

    Parameters
    ----------
    points : (cells, 3)
        Unit vectors.
    """
    count = len(points)
    exact = count <= MOST_EXACT
    asked = np.arange(count) if exact else np.linspace(0, count - 1, SAMPLE).astype(np.int64)
    near = np.empty(asked.size)
    step = max(1, 2**23 // max(count, 1))
    for start in range(0, asked.size, step):
        rows = asked[start : start + step]
        cosines = points[rows] @ points.T
        # Cells at the very same place (a seam that is stored twice) are no neighbours.
        cosines[cosines > 1.0 - 1e-12] = -1.0
        near[start : start + step] = np.rad2deg(np.arccos(np.clip(cosines.max(axis=1), -1, 1)))
    if exact:
        return near
    return np.full(count, np.quantile(near, 0.9))


def fill_from_nearest(
    shape: tuple[int, int],
    centres: NDArray[np.float64],
    seeds: NDArray[np.int64],
    points: NDArray[np.float64],
    reach: NDArray[np.float64],
    wraps: bool,
) -> NDArray[np.int64]:
    """(pixels,) for each pixel the flat pixel that has the nearest seed; -1 beyond its reach.

    Parameters
    ----------
    centres : (pixels, 3)
        Unit vectors of the pixels' middles.
    seeds : (seeds,)
        Flat pixels that hold a cell.
    points : (seeds, 3)
        Unit vectors of these cells.
    reach : (seeds,)
        Degrees of arc up to which each stands for its surroundings.
    wraps
        Whether the last column is followed by the first.

    Notes
    -----
    Jump flooding (Rong and Tan 2006): each pixel asks others at halving distances which seed they
    know. It may miss the nearest seed by a hair, never by more than a pixel or so.
    """
    rows, columns = shape
    owner = np.full(rows * columns, -1, np.int64)
    owner[seeds] = np.arange(seeds.size)
    owner = owner.reshape(shape)
    middle = centres.reshape(rows, columns, 3)
    best = np.where(owner >= 0, _cosine(middle, points, owner), -2.0)
    step = 1
    while 2 * step < max(shape):
        step *= 2
    steps = [*(step >> k for k in range(step.bit_length())), 1]
    for step in steps:
        for down in (-step, 0, step):
            for along in (-step, 0, step):
                asked = _shifted(owner, down, along, wraps)
                cosine = np.where(asked >= 0, _cosine(middle, points, asked), -2.0)
                better = cosine > best
                owner = np.where(better, asked, owner)
                best = np.where(better, cosine, best)
    far = np.rad2deg(np.arccos(np.clip(best, -1.0, 1.0))) > reach[owner]
    found = np.where(far | (owner < 0), -1, seeds[owner]).reshape(-1)
    found[seeds] = seeds
    return found


def _cosine(
    middle: NDArray[np.float64], points: NDArray[np.float64], owner: NDArray[np.int64]
) -> NDArray[np.float64]:
    cosine: NDArray[np.float64] = np.einsum("ijk,ijk->ij", middle, points[owner])
    return cosine


def _shifted(owner: NDArray[np.int64], down: int, along: int, wraps: bool) -> NDArray[np.int64]:
    """What stands `down` rows and `along` columns away; -1 beyond the edges."""
    rows, columns = owner.shape
    if abs(down) >= rows or (abs(along) >= columns and not wraps):
        return np.full_like(owner, -1)
    moved = np.roll(owner, (-down, -along), (0, 1))
    if down > 0:
        moved[rows - down :] = -1
    elif down < 0:
        moved[:-down] = -1
    if not wraps and along > 0:
        moved[:, columns - along :] = -1
    elif not wraps and along < 0:
        moved[:, :-along] = -1
    return moved
