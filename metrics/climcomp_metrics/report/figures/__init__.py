"""The figures of a report: what they need, kept small in the archive, and how they are drawn."""

from climcomp_metrics.report.figures.drawing import Drawing
from climcomp_metrics.report.figures.every import draw_all
from climcomp_metrics.report.figures.fields import draw_worst
from climcomp_metrics.report.figures.framing import make_reduction
from climcomp_metrics.report.figures.gather import illustrate, with_worst, worst_time
from climcomp_metrics.report.figures.histogram import draw_errors
from climcomp_metrics.report.figures.illustration import (
    Illustration,
    ReturnLevels,
    Series,
    WorstFields,
)
from climcomp_metrics.report.figures.maps import draw_maps
from climcomp_metrics.report.figures.order import levels_worst_first
from climcomp_metrics.report.figures.rate import RatePoint, draw_ladder, draw_rate
from climcomp_metrics.report.figures.return_levels import draw_return_levels
from climcomp_metrics.report.figures.series import draw_budget, draw_series
from climcomp_metrics.report.figures.sharing import share
from climcomp_metrics.report.figures.spectra import draw_spectrum
from climcomp_metrics.report.figures.stored import from_bytes, to_bytes
from climcomp_metrics.report.figures.tails import draw_tails
from climcomp_metrics.report.figures.worst import fields_at_worst

__all__ = [
    "Drawing",
    "Illustration",
    "RatePoint",
    "ReturnLevels",
    "Series",
    "WorstFields",
    "draw_all",
    "draw_budget",
    "draw_errors",
    "draw_ladder",
    "draw_maps",
    "draw_rate",
    "draw_return_levels",
    "draw_series",
    "draw_spectrum",
    "draw_tails",
    "draw_worst",
    "fields_at_worst",
    "from_bytes",
    "illustrate",
    "levels_worst_first",
    "make_reduction",
    "share",
    "to_bytes",
    "with_worst",
    "worst_time",
]
