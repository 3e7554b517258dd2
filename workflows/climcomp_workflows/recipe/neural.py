"""What a recipe says of neural codecs."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import PlainSerializer

from climcomp.codecs.neural.ncx import MOST_TAILS
from climcomp_workflows.recipe.problems import shown
from climcomp_workflows.recipe.section import Section
from climcomp_workflows.recipe.values import one_of, reads, refusal

_PERCENT = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*%")


def _read_tails(value: object) -> float:
    match = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    share = float(match["number"]) / 100 if match else None
    if share is None or share > MOST_TAILS:
        raise refusal(
            f"found {shown(value)}, wanted the share of values, at either end, that ncx keeps "
            f'within a quarter of the bound, such as "0.1 %", from "0 %" to "{MOST_TAILS:.0%}"'
        )
    return share


def _write_tails(share: float) -> str:
    return f"{100 * share:g} %"


class NeuralRecipe(Section):
    """How codec `ncx` codes.

    `finetune: auto` gives a variable a network of its own, where that pays for its bytes; `tails`
    is the share of a block's values, at either end, that are kept within a quarter of the bound.
    """

    finetune: Annotated[Literal["auto", "none"], one_of("auto", "none")] = "auto"
    tails: Annotated[float, reads(_read_tails), PlainSerializer(_write_tails)] = 0.0
