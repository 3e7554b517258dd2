"""What a recipe says of neural codecs."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self, get_args

from pydantic import PlainSerializer, model_validator

from climcomp.codecs.neural.inr.fitting import Kind
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
    """How codecs `ncx` and `inr` code.

    Of `ncx`, `finetune: auto` gives a variable a network of its own, where that pays for its bytes;
    `tails` is the share of a block's values, at either end, that are kept within a quarter of the
    bound. Of `inr`, which fits a network to every block, `inr` is the kind of network; with
    `fit: normal` it is fitted by descent, with `fast` by least squares alone, which only grids
    have, and which want no torch. `auto` is `fast` where it can be: beside a residual, a descent
    saved 0 to 1 % of the bytes of 14 real fields (tests/benchmarks/test_inr.py).
    """

    finetune: Annotated[Literal["auto", "none"], one_of("auto", "none")] = "auto"
    tails: Annotated[float, reads(_read_tails), PlainSerializer(_write_tails)] = 0.0
    inr: Annotated[Kind, one_of(*get_args(Kind))] = "grids"
    fit: Annotated[Literal["auto", "fast", "normal"], one_of("auto", "fast", "normal")] = "auto"

    @model_validator(mode="after")
    def _only_grids_have_a_fast_fit(self) -> Self:
        if self.fit == "fast" and self.inr != "grids":
            raise refusal(
                f"fit: fast is least squares, which {self.inr} does not have: write inr: grids, or "
                "fit: normal"
            )
        return self
