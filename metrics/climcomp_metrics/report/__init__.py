"""The report of an archive: what was kept, lost, checked and not checked."""

from climcomp_metrics.report.html import render_html
from climcomp_metrics.report.model import (
    AttemptReport,
    BoundReport,
    ErrorReport,
    Report,
    ShardReport,
    SourceFile,
    VariableReport,
    schema,
)
from climcomp_metrics.report.sentence import headline, totals, verdict_sentence
from climcomp_metrics.report.text import render_text

__all__ = [
    "AttemptReport",
    "BoundReport",
    "ErrorReport",
    "Report",
    "ShardReport",
    "SourceFile",
    "VariableReport",
    "headline",
    "render_html",
    "render_text",
    "schema",
    "totals",
    "verdict_sentence",
]
