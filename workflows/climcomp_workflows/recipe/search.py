"""What a recipe says of the search for bounds."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import PlainSerializer

from climcomp_workflows.recipe.problems import shown
from climcomp_workflows.recipe.section import Section
from climcomp_workflows.recipe.values import number, reads, refusal

MAX_SHARE = 0.05
LOOSEST = 10.0  # METRICS, "Default bounds by variable"
_PERCENT = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*%")


def _read_share(value: object) -> float:
    match = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    share = float(match["number"]) / 100 if match else None
    if share is None or share > 1:
        raise refusal(
            f'found {shown(value)}, wanted a share of the run such as "5 %", from "0 %" (no '
            'search) to "100 %"'
        )
    return share


def _write_share(share: float) -> str:
    return f"{100 * share:g} %"


def _read_loosest(value: object) -> float:
    found = number(value)
    if found is None or not 1 <= found <= LOOSEST:
        raise refusal(
            f"found {shown(value)}, wanted how many times looser than the table of defaults a "
            f"bound may become, from 1 (no looser) to {LOOSEST:g}"
        )
    return found


class SearchRecipe(Section):
    """How far and how long to search for the loosest bound that passes, for `quality: climate`."""

    max_share: Annotated[float, reads(_read_share), PlainSerializer(_write_share)] = (
        MAX_SHARE  # of the run's operations
    )
    loosest: Annotated[float, reads(_read_loosest)] = LOOSEST  # times the table's bound
    learn_from: str | None = None  # an archive whose bounds this search begins with
