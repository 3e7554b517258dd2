"""The report of an archive: what was kept, lost, checked and not checked."""

from climcomp_metrics.report.beside import Beside, beside
from climcomp_metrics.report.beside_html import render_beside_html
from climcomp_metrics.report.beside_text import render_beside_text
from climcomp_metrics.report.cost import CostReport
from climcomp_metrics.report.html import render_html, render_pages
from climcomp_metrics.report.model import Report, VariableReport, schema
from climcomp_metrics.report.parts import (
    AttemptReport,
    BoundReport,
    ErrorReport,
    ShardReport,
    SourceFile,
    TrialReport,
    TrialsReport,
)
from climcomp_metrics.report.sentence import headline, totals, verdict_sentence
from climcomp_metrics.report.text import render_text

__all__ = [
    "AttemptReport",
    "Beside",
    "BoundReport",
    "CostReport",
    "ErrorReport",
    "Report",
    "ShardReport",
    "SourceFile",
    "TrialReport",
    "TrialsReport",
    "VariableReport",
    "beside",
    "headline",
    "render_beside_html",
    "render_beside_text",
    "render_html",
    "render_pages",
    "render_text",
    "schema",
    "totals",
    "verdict_sentence",
]
