"""What several drawings of one page have in common, written once."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from climcomp_metrics.report.figures.drawing import Drawing

LEAST_BYTES = 300
"""Shorter elements are not worth a reference."""

_DRAWN = re.compile(r"<(?:path|image) [^>]*/>")
_NAMED = re.compile(r"<(clipPath|path) id=\"[^\"]+\"[^>]*?(?:/>|>.*?</\1>)")


def share(drawings: Sequence[Drawing]) -> tuple[str, tuple[Drawing, ...]]:
    """One hidden `<svg>` to stand before the drawings, and the drawings that refer to it.

    Coastlines of one grid, pictures that are alike and everything that has a name move there, so
    that no name stands twice in the page. The drawings are of no use without it.

    Returns
    -------
    Empty text and the same drawings where they have nothing in common.
    """
    counted: Counter[str] = Counter()
    named: dict[str, None] = {}
    for drawing in drawings:
        found = [match[0] for match in _DRAWN.finditer(drawing.svg)]
        counted.update(element for element in found if len(element) >= LEAST_BYTES)
        named.update((match[0], None) for match in _NAMED.finditer(drawing.svg))
    often = {element: _name(element) for element, count in counted.items() if count > 1}
    if not often and not named:
        return "", tuple(drawings)

    def shortened(drawing: Drawing) -> Drawing:
        text = _NAMED.sub("", drawing.svg).replace("<defs></defs>", "")
        text = _DRAWN.sub(lambda match: _reference(often, match[0]), text)
        return replace(drawing, svg=text)

    shared = "".join(element.replace(" ", f' id="{name}" ', 1) for element, name in often.items())
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="0" height="0" style="position:absolute" '
        f'aria-hidden="true" fill="none" stroke-linejoin="round"><defs>{"".join(named)}{shared}'
        "</defs></svg>",
        tuple(shortened(drawing) for drawing in drawings),
    )


def _reference(often: dict[str, str], element: str) -> str:
    return f'<use href="#{often[element]}"/>' if element in often else element


def _name(element: str) -> str:
    return f"s{hashlib.sha256(element.encode()).hexdigest()[:10]}"
