"""All figures of one level."""

from __future__ import annotations

from collections.abc import Sequence

from climcomp_metrics.base import Verdict
from climcomp_metrics.report.figures.drawing import Drawing
from climcomp_metrics.report.figures.fields import draw_worst
from climcomp_metrics.report.figures.histogram import draw_errors
from climcomp_metrics.report.figures.illustration import Illustration
from climcomp_metrics.report.figures.maps import draw_maps
from climcomp_metrics.report.figures.return_levels import draw_return_levels
from climcomp_metrics.report.figures.series import draw_series
from climcomp_metrics.report.figures.spectra import draw_spectrum
from climcomp_metrics.report.figures.tails import draw_tails


def draw_all(
    illustration: Illustration,
    verdicts: Sequence[Verdict] | None = None,
    bound: float | None = None,
    most_columns: int = 180,
) -> tuple[Drawing, ...]:
    """The figures of a level in the order of the report; what cannot be drawn is left out.

    `Illustration.absent` says why something is missing.

    Parameters
    ----------
    verdicts
        Those of the variable, for the limits that were in force; None: the defaults of METRICS.
    bound
        The absolute error bound of this level, in the unit of the variable.
    most_columns
        Of the maps, about: 180 is what a page shows; fewer make a smaller page.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    single = (
        draw_spectrum(illustration, verdicts),
        draw_tails(illustration, verdicts),
        draw_return_levels(illustration, verdicts),
        draw_series(illustration, verdicts),
        draw_errors(illustration, verdicts, bound),
    )
    return (
        *draw_maps(illustration, most_columns),
        *draw_worst(illustration, most_columns),
        *(drawing for drawing in single if drawing is not None),
    )
