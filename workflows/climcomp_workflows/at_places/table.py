"""Answers as a table for a person, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from climcomp.query import Answer
from climcomp_metrics.report.text import printable
from climcomp_workflows.at_places.ask import Asked

# Nine tell all values of single precision apart.
_TEXT_DIGITS, _CSV_DIGITS = 7, 9
_SAID = {
    "network": "network, no bound",
    "preview": "preview, no bound",
    "decoded": "decoded, interpolated",
}


def text_of(asked: Asked) -> str:
    """What the values are worth, then a line for each place."""
    statements = list(dict.fromkeys(answer.statement for answer in asked.answers))
    names = [*asked.places.columns]
    header = [*names]
    columns = [asked.places.columns[name] for name in names]
    for answer in asked.answers:
        header += [f"{answer.name} [{answer.unit}]" if answer.unit else answer.name, "from"]
        columns += [_numbers(answer, _TEXT_DIGITS), _ways(answer)]
    widths = [max(map(len, (head, *column))) for head, column in zip(header, columns, strict=True)]
    is_right = [_are_numbers(column) for column in columns]
    lines = [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, is_right, strict=True)
        ).rstrip()
        for row in (header, *zip(*columns, strict=True))
    ]
    several = len(asked.answers) > 1
    notes = [
        f"note: {answer.name + ': ' if several else ''}{note}"
        for answer in asked.answers
        for note in answer.notes
    ]
    return (
        "\n".join(map(printable, [*statements, "", *lines, *([""] if notes else []), *notes]))
        + "\n"
    )


def csv_text(asked: Asked) -> str:
    """The same as CSV: a column of values for each variable, and one that says how it was found."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = [*asked.places.columns.values()]
    header = [*asked.places.columns]
    for answer in asked.answers:
        header += [answer.name, f"{answer.name}_from"]
        columns += [_numbers(answer, _CSV_DIGITS), _ways(answer)]
    writer.writerow(header)
    writer.writerows(zip(*columns, strict=True))
    return out.getvalue()


def document_of(asked: Asked) -> dict[str, Any]:
    """All of it for a machine."""
    return {
        "statement": asked.answers[0].statement,
        "places": {name: list(texts) for name, texts in asked.places.columns.items()},
        "variables": [
            {
                "name": answer.name,
                "unit": answer.unit,
                "statement": answer.statement,
                "bound": None,
                "values": answer.values.tolist(),
                "from": list(answer.ways),
                "network_rms_error": answer.errors.tolist(),
                "dims": list(answer.dims),
                "indices": answer.indices.tolist(),
                "blocks": [[list(index) for index in used] for used in answer.blocks],
                "notes": list(answer.notes),
            }
            for answer in asked.answers
        ],
    }


def _numbers(answer: Answer, digits: int) -> tuple[str, ...]:
    return tuple("NaN" if np.isnan(value) else f"{value:.{digits}g}" for value in answer.values)


def _ways(answer: Answer) -> tuple[str, ...]:
    return tuple(_SAID.get(way, way) for way in answer.ways)


def _are_numbers(texts: Sequence[str]) -> bool:
    try:
        list(map(float, texts))
    except ValueError:
        return False
    return True
