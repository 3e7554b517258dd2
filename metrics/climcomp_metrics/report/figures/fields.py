"""Original, reconstruction and error at the worst time, with shared colours."""

from __future__ import annotations

import math
from functools import partial

from climcomp_metrics.report.figures.colours import field_scale, signed_scale
from climcomp_metrics.report.figures.drawing import Drawing, render
from climcomp_metrics.report.figures.illustration import Illustration, WorstFields
from climcomp_metrics.report.figures.picture import paint, sheet_height
from climcomp_metrics.report.figures.smaller import cells_of
from climcomp_metrics.report.figures.style import WIDTH, labelled, scaled, unit_text
from climcomp_metrics.report.quantity import number_text, quantity


def draw_worst(illustration: Illustration, most_columns: int = 180) -> tuple[Drawing, ...]:
    """Three maps of the time step with the largest error, the worst cell ringed.

    Parameters
    ----------
    most_columns
        One pixel of several is shown, so that the map has about so many columns.

    Returns
    -------
    Empty where the illustration has no such fields; `absent` says why.
    """
    fields = illustration.worst
    if fields is None:
        return ()
    keep = _position(fields)
    pictures = [
        cells_of(picture, most_columns, keep)
        for picture in (fields.original, fields.decoded, fields.error)
    ]
    unit, title = illustration.unit, illustration.title
    both = field_scale(pictures[:2], illustration.kind)
    errors = signed_scale(pictures[2])
    when = f", {fields.when}" if fields.when else ""
    found = quantity(fields.worst, unit_text(unit))
    sigma = illustration.sigma
    share = f" ({number_text(abs(fields.worst) / sigma, 2)} sigma)" if sigma > 0 else ""
    marked = "dashed line" if fields.frame.kind == "row" else "ring"
    where = f"The {marked} marks the largest error, {found}{share}, at {fields.where}, where the "
    where += f"original is {quantity(fields.value, unit_text(unit), fields.value + fields.worst)}."
    per_pixel = fields.cells_per_pixel * fields.error.size / pictures[2].size
    shown = "" if per_pixel < 1.05 else " Of several cells one is shown, never a mean."
    ring = f"The {marked} marks the largest error."
    said = {
        "original": f"As the source has it.{shown} {ring}",
        "reconstruction": f"As a reader of the archive gets it, in the same colours. {ring}",
        "error": f"Reconstruction minus original. {where}",
    }
    drawings = []
    for picture, scale, (name, caption) in zip(
        pictures, (both, both, errors), said.items(), strict=True
    ):
        factor, printed = scaled(max(abs(scale.edges[0]), abs(scale.edges[-1])), unit)
        work = partial(
            paint,
            frame=fields.frame,
            picture=picture,
            scale=scale,
            factor=factor,
            label=labelled(name, printed),
            mark=(fields.across, fields.up),
        )
        heading = f"{title}: {name}{when}"
        kind = "Line" if fields.frame.kind == "row" else "Map"
        alt = f"{kind} of the {name} of {title}{when}. {where}"
        height = sheet_height(fields.frame)
        drawings.append(render(work, WIDTH, height, heading, caption, alt))
    return tuple(drawings)


def _position(fields: WorstFields) -> tuple[int, int]:
    """The pixel of the worst cell: the largest error in the picture is the largest of all."""
    rows, columns = fields.error.shape
    frame = fields.frame
    if frame.kind == "points":
        return 0, 0
    row = (fields.up - frame.south) / (frame.north - frame.south) * rows
    column = (fields.across - frame.west) / (frame.east - frame.west) * columns
    return min(math.floor(row), rows - 1), min(math.floor(column), columns - 1)
