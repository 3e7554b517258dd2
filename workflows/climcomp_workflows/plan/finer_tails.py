"""Finer steps for the ends of blocks of `ncx`, where a recipe asks for them."""

from __future__ import annotations

import math
from dataclasses import replace

from climcomp_workflows.plan.draft import Draft
from climcomp_workflows.plan.model import Rung
from climcomp_workflows.plan.subject import Subject

BITS_OF_VALUE = 2


def with_finer_tails(subject: Subject, draft: Draft, notes: list[str]) -> Draft:
    """The draft whose rungs by ncx refine their tails; notes say what that means.

    What passed the tests without passes them with: values only come nearer to the source's.
    """
    share = subject.recipe.neural.tails
    if not share:
        return draft
    if draft.portable or not any(rung.codec == "ncx" for rung in draft.ladder):
        notes.append("neural.tails: only ncx has finer tails, and no rung is coded by it")
        return draft
    values = sum(block.values.size for block in draft.blocks)
    more = math.ceil(2 * share * values * BITS_OF_VALUE / 8)
    notes.append(
        f"ncx keeps {100 * share:g} % of the values of each block, at either end, within a quarter "
        "of the bound"
    )
    return replace(
        draft,
        ladder=tuple(_with_tails(rung, share) for rung in draft.ladder),
        sample_bytes=tuple(
            size + more if rung.codec == "ncx" else size
            for size, rung in zip(draft.sample_bytes, draft.ladder, strict=True)
        ),
    )


def _with_tails(rung: Rung, share: float) -> Rung:
    if rung.codec != "ncx":
        return rung
    return replace(rung, settings=(*rung.settings, ("tails", share)))
