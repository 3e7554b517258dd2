"""The statistic "spectra": sums by wavenumber over a sample of the horizontal fields."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import State
from climcomp_metrics.domain import Domain
from climcomp_metrics.field import FieldSettings
from climcomp_metrics.part import Part, sampled_in_words, stride
from climcomp_metrics.spectral.cosine import cosine_sums
from climcomp_metrics.spectral.harmonics import ASKED, harmonic_sums, sampling_of, use_harmonics
from climcomp_metrics.spectral.spacing import spacing_km
from climcomp_metrics.spectral.zonal import zonal_sums
from climcomp_metrics.statistics import merge_sums

EVERY = 8
"""METRICS, "Order and cost": spectra on every 8th slice."""

FEWEST_CELLS = 8
"""Along each side: below, there is no band of waves that both fit and are not the shortest."""

TALLY = ("zonal", "harmonics", "cosine", "cut", "gaps", "spaced", "spacing_km")
"""Fields by basis; those of which a part held a piece only; those without a rectangle; rectangles
whose spacing is known, and the sum of their spacings."""


class Spectra:
    """Energy of x and of e and their cross-spectrum at every wavenumber, summed over fields.

    Keys, with l the level: `spectra/l/basis` (5, wavenumbers) as `sums.SUMS`, basis one of `zonal`,
    `harmonics` and `cosine`; `spectra/l/tally` as `TALLY`. Streaming class F. The basis is
    chosen field by field: spherical harmonics where `FieldSettings.every` names "harmonics" and the
    grid is global; else the zonal FFT where rows go around the globe and have areas; else, and
    where values are missing, the cosine transform of the largest rectangle without gaps.
    """

    name: ClassVar[str] = "spectra"

    def lacks(self, settings: FieldSettings, domain: Domain) -> str:
        """Why a variable cannot have it."""
        rows, columns = settings.shape[2:]
        if settings.axes.cell is not None or domain.grid == "unstructured":
            return "the grid is unstructured: its cells have no rows to count waves along"
        if min(rows, columns) < FEWEST_CELLS:
            return (
                f"its fields have only {rows} x {columns} cells; waves need "
                f"{FEWEST_CELLS} x {FEWEST_CELLS}"
            )
        return ""

    def of(self, part: Part) -> State:
        """The sums of the sampled fields of a part."""
        state: State = {}
        step = stride(part.settings, *_asked(part.settings, part.domain))
        weights = part.domain.weights
        area = None if weights is None else weights.sum(axis=1)
        for k, level in enumerate(part.levels()):
            for i, time in enumerate(part.times()):
                if (int(time) + level) % step:
                    continue
                tally = np.zeros(len(TALLY))
                if part.has_whole_fields:
                    # Infinite and huge values give sums that are not finite, which metrics refuse.
                    with np.errstate(over="ignore", invalid="ignore"):
                        basis, sums = _field(part, i, k, area, tally)
                    if sums is not None:
                        state = merge_sums(state, {f"{self.name}/{level}/{basis}": sums})
                else:
                    basis = "cut"
                tally[TALLY.index(basis)] = 1.0
                state = merge_sums(state, {f"{self.name}/{level}/tally": tally})
        return state

    def merge(self, first: State, second: State) -> State:
        """The sums of both parts together."""
        return merge_sums(first, second)


def sampled(settings: FieldSettings, domain: Domain) -> str:
    """What part of the fields was measured, in words; empty for all of them."""
    return sampled_in_words(settings, *_asked(settings, domain))


def _asked(settings: FieldSettings, domain: Domain) -> tuple[str, int]:
    return (ASKED if use_harmonics(settings, domain) else Spectra.name), EVERY


def _field(
    part: Part,
    time: int,
    level: int,
    row_area: NDArray[np.float64] | None,
    tally: NDArray[np.float64],
) -> tuple[str, NDArray[np.float64] | None]:
    """The basis of one field and its sums; "gaps" and None where no rectangle is large enough."""
    settings, domain = part.settings, part.domain
    x, y = part.original[time, level], part.decoded[time, level]
    e = y.astype(np.float64) - x
    valid = np.isfinite(e)
    if valid.all():
        if use_harmonics(settings, domain):
            sampling = sampling_of(domain)
            assert sampling is not None
            return "harmonics", harmonic_sums(x, e, sampling)
        if settings.periodic_x and row_area is not None and row_area.sum() > 0:
            return "zonal", zonal_sums(x, e, row_area)
    # numba takes a second to import, and plans and reports need none of it.
    from climcomp_metrics.spectral.rectangle import largest_rectangle

    box = largest_rectangle(valid, FEWEST_CELLS, periodic=settings.periodic_x)
    if box is None:
        return "gaps", None
    spacing = spacing_km(domain, *box.middle)
    if np.isfinite(spacing):
        tally[TALLY.index("spaced")] = 1.0
        tally[TALLY.index("spacing_km")] = spacing
    return "cosine", cosine_sums(box.cut(x), box.cut(e))
