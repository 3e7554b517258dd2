"""Which suites there are, by the letter of their ids, and what of them is measured on samples."""

from __future__ import annotations

from collections.abc import Sequence

LETTERS: dict[str, str] = {
    "physical": "F",
    "pointwise": "P",
    "distribution": "D",
    "extremes": "E",
    "spectral": "S",
    "conservation": "C",
    "structure": "T",
    "temporal": "M",
}
"""Name of a suite, and the first letter of its criteria's ids."""

SAMPLED: dict[str, tuple[str, ...]] = {
    "pointwise": ("whiteness",),
    "distribution": ("distinct",),
    "extremes": ("fractions",),
    "spectral": ("spectra",),
    "structure": ("dssim",),
}
"""The statistics of a suite that take one in so many time steps: keys of `FieldSettings.every`."""


def ids_of(suite: str, ids: Sequence[str]) -> tuple[str, ...]:
    """Those of some criteria's ids that belong to a suite: a letter and then digits."""
    letter = LETTERS[suite]
    return tuple(name for name in ids if name[:1] == letter and name[1:2].isdigit())
