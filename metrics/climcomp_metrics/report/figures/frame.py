"""How the cells of a grid become a small picture that lies on the globe.

All grids take one way: every cell falls into the pixel of a plain picture in which its centre lies,
a pixel shows the mean of its cells, and a pixel without a centre shows the nearest cell, if that is
near enough to reach it. So blocks of a latitude-longitude grid are plain block means, and every
other grid with known positions is drawn where it lies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FrameKind = Literal["map", "cells", "row", "points"]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Where a small picture lies: its first row is the southern one, its first column the western.

    Parameters
    ----------
    kind
        `map`: pixels even in degrees. `cells`: rows and columns of the grid, whose places on Earth
        are not known. `row`: one row of values along the cells, or along latitude. `points`: so few
        cells that each is drawn by itself.
    west, east, south, north
        The outer edges: degrees (east up to 360 beyond west), or numbers of cells.
    lat, lon : (points,)
        Degrees, of `points`; else empty.
    label
        What runs along a `row`.
    """

    kind: FrameKind
    west: float
    east: float
    south: float
    north: float
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    label: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Reduction:
    """The way from cells to pixels.

    Parameters
    ----------
    shape
        Rows and columns of the picture.
    pixel : (cells,)
        The flat pixel in which each cell's centre lies; -1: its place is not known.
    off_centre : (cells,)
        Squared distance of that centre from the pixel's, in pixels.
    shown : (pixels,)
        The pixel whose cells each pixel shows: itself where it has some; -1: none is near.
    """

    frame: Frame
    shape: tuple[int, int]
    pixel: NDArray[np.int64]
    off_centre: NDArray[np.float64]
    shown: NDArray[np.int64]

    @property
    def cells_per_pixel(self) -> float:
        """How many cells a pixel that has any stands for, on average."""
        placed = self.pixel[self.pixel >= 0]
        return placed.size / max(np.unique(placed).size, 1)

    def mean(
        self, values: NDArray[np.floating], weights: NDArray[np.float64] | None
    ) -> NDArray[np.float64]:
        """The mean over the cells of each pixel, by area where weights are known.

        Parameters
        ----------
        values, weights : (y, x)
            NaN is left out; a pixel without any value is NaN.
        """
        flat = np.asarray(values, np.float64).reshape(-1)
        weight = np.ones(flat.size) if weights is None else weights.reshape(-1)
        counts = np.isfinite(flat) & (self.pixel >= 0) & (weight > 0)
        at, weight = self.pixel[counts], weight[counts]
        size = self.shape[0] * self.shape[1]
        total = np.bincount(at, weight * flat[counts], size)
        area = np.bincount(at, weight, size)
        mean = np.divide(total, area, out=np.full(size, np.nan), where=area > 0)
        return self._spread_out(mean)

    def chosen(self, keep: int | None = None) -> NDArray[np.int64]:
        """(pixels,) one cell for each pixel: the one nearest to its middle; -1: none.

        Parameters
        ----------
        keep
            A cell that must be among them.
        """
        placed = np.flatnonzero(self.pixel >= 0)
        order = placed[np.argsort(-self.off_centre[placed], kind="stable")]
        cell = np.full(self.shape[0] * self.shape[1], -1, np.int64)
        cell[self.pixel[order]] = order
        if keep is not None and self.pixel[keep] >= 0:
            cell[self.pixel[keep]] = keep
        return np.where(self.shown >= 0, cell[self.shown], -1)

    def pick(self, values: NDArray[np.floating], cells: NDArray[np.int64]) -> NDArray[np.float64]:
        """The picture of single cells that `chosen` gave; NaN where there is none."""
        flat = np.asarray(values, np.float64).reshape(-1)
        picked: NDArray[np.float64] = np.where(cells >= 0, flat[cells], np.nan)
        return picked.reshape(self.shape)

    def place(self, cell: int) -> tuple[float, float]:
        """The middle of the pixel of a cell, in the frame's units: across and up."""
        frame = self.frame
        if frame.kind == "points":
            return float(frame.lon[cell]), float(frame.lat[cell])
        row, column = divmod(int(self.pixel[cell]), self.shape[1])
        across = (frame.east - frame.west) / self.shape[1]
        up = (frame.north - frame.south) / self.shape[0]
        return frame.west + (column + 0.5) * across, frame.south + (row + 0.5) * up

    def _spread_out(self, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
        spread: NDArray[np.float64] = np.where(self.shown >= 0, pixels[self.shown], np.nan)
        return spread.reshape(self.shape)
