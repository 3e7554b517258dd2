"""Spectra in about three bands an octave, and which of them are judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BANDS_PER_OCTAVE = 3

LEAST_SHARE = 1e-5
"""Bands under this share of the variance are reported, not judged.

METRICS says 1e-6. But errors within its own default bounds, 0.01 sigma and 0.01 K, leave 3e-5 of
the variance as noise, spread over all bands: at 1e-6 monthly CESM temperature, daily POP and
0.25-degree MOM surface temperature all failed S1 or S2 at those bounds, at 1e-5 none does, and the
mutation test catches the same damage.
"""


@dataclass(frozen=True)
class Bands:
    """Energies by band, long waves first; each array has one value a band that holds a wave.

    Parameters
    ----------
    low, high
        Edges as shares of the largest wavenumber (that of two grid lengths): above `low`, up to
        `high`.
    centre
        Geometric mean of the wavenumbers inside, as such a share.
    x, e, cross
        Energy of the field and of the error, and their cross-spectrum.
    chance
        Standard deviation that the cross-spectrum has by chance.
    modes
        Independent real coefficients.
    judged
        Whether the band holds a millionth of the variance, and more than rounding; the corners of a
        2-D spectrum, diagonal waves shorter than two grid lengths, are not judged.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    centre: NDArray[np.float64]
    x: NDArray[np.float64]
    e: NDArray[np.float64]
    cross: NDArray[np.float64]
    chance: NDArray[np.float64]
    modes: NDArray[np.float64]
    judged: NDArray[np.bool_]

    @property
    def fine(self) -> NDArray[np.bool_]:
        """Which bands lie above half the largest wavenumber; the others are core."""
        return self.low >= 0.5


def make_bands(
    share: NDArray[np.float64],
    x: NDArray[np.float64],
    e: NDArray[np.float64],
    cross: NDArray[np.float64],
    chance: NDArray[np.float64],
    modes: NDArray[np.float64],
    variance: float,
    rounding: float = 0.0,
) -> Bands:
    """A spectrum summed in bands.

    Parameters
    ----------
    share : (waves,)
        Wavenumbers over the largest one, that of two grid lengths; positive.
    x, e, cross, chance, modes : (waves,)
        Energies, the variance of the cross-spectrum, and numbers of coefficients.
    variance
        Of the field, of which a band that is judged holds a share.
    rounding
        The largest rounding of a value, in the unit of the field: a band whose rms is not above it
        is not judged.
    """
    # Counted from the shortest waves, so that half the largest wavenumber is an edge.
    number = np.floor(-BANDS_PER_OCTAVE * np.log2(share)).astype(np.int64)
    steps, place = np.unique(-number, return_inverse=True)

    def added(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(place, values).astype(np.float64, copy=False)

    energy = added(x)
    judged = (energy > LEAST_SHARE * variance) & (energy > rounding**2) & (steps <= 0)
    return Bands(
        low=2.0 ** ((steps - 1) / BANDS_PER_OCTAVE),
        high=2.0 ** (steps / BANDS_PER_OCTAVE),
        centre=2.0 ** (added(np.log2(share)) / np.bincount(place)),
        x=energy,
        e=added(e),
        cross=added(cross),
        chance=np.sqrt(added(chance)),
        modes=added(modes),
        judged=judged,
    )


def crossing(bands: Bands, most: float) -> float:
    """The share of the largest wavenumber up to which the error has `most` of the energy or less.

    Over judged bands from the longest waves on; between the centres of two bands, the logarithm of
    the ratio is taken to be straight in that of the wavenumber. 1 where no band has more, and the
    long edge of the first band where that one has. Some band must be judged.
    """
    ratio = bands.e[bands.judged] / bands.x[bands.judged]
    # Not `ratio > most`: a ratio that is no number resolves nothing.
    over = np.flatnonzero(~(ratio <= most))
    if over.size == 0:
        return 1.0
    first = int(over[0])
    if first == 0:
        return float(bands.low[bands.judged][0])
    centre = np.log(bands.centre[bands.judged][first - 1 : first + 1])
    # An error of nothing has no logarithm; so little of it is nothing beside the limit.
    height = np.log(np.maximum(ratio[first - 1 : first + 1], 1e-30) / most)
    if not np.isfinite(height[1]):
        return float(np.exp(centre[0]))
    where = height[0] / (height[0] - height[1])
    return float(np.exp(centre[0] + where * (centre[1] - centre[0])))
