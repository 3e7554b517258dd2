"""A network of codec `ncx` for one variable, where it pays for its bytes."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from climcomp.codecs.neural.ncx import Ncx
from climcomp.errors import BoundError, CodecError
from climcomp.fill import fill_missing
from climcomp.mask import find_specials
from climcomp_workflows.plan.coded import payload_of
from climcomp_workflows.plan.draft import Draft, estimates, fill_of
from climcomp_workflows.plan.model import Rung, Settings
from climcomp_workflows.plan.pieces import SampleBlock
from climcomp_workflows.plan.sample import spread
from climcomp_workflows.plan.subject import Subject

if TYPE_CHECKING:
    from climcomp_workflows.neural.finetune import Example

# Our own: bytes of a variable below which a network of its own (5 kB in its metadata), some 5 to 20
# % smaller, cannot pay.
FEWEST_BYTES = 50_000
EXTRA = "neural"
# Our own: sample blocks that it is trained and tried on, spread over all.
MOST_BLOCKS = 4


def with_own_network(
    subject: Subject, draft: Draft, exact: tuple[float, ...], notes: list[str]
) -> tuple[Draft, tuple[str, ...]]:
    """The draft with a network of its own, and the models that its blocks need; notes say why."""
    first = draft.ladder[0]
    is_wanted = subject.recipe.neural.finetune == "auto" and first.codec == "ncx"
    if not is_wanted or draft.portable or estimates(draft, subject)[0] < FEWEST_BYTES:
        return draft, ()
    if importlib.util.find_spec("torch") is None:
        notes.append(
            "ncx codes with the network that comes with climcomp; one of the variable's own, which "
            f"may be smaller, wants torch: pip install 'climcomp[{EXTRA}]'"
        )
        return draft, ()
    return _tried(subject, draft, exact, notes)


def _tried(
    subject: Subject, draft: Draft, exact: tuple[float, ...], notes: list[str]
) -> tuple[Draft, tuple[str, ...]]:
    from climcomp.codecs.neural.models import file_text, learn
    from climcomp_workflows.neural.finetune import finetune

    first, fill = draft.ladder[0], fill_of(subject.variable)
    blocks = [draft.blocks[i] for i in spread(len(draft.blocks), MOST_BLOCKS)]
    examples = _examples(blocks, exact)
    if not examples:
        return draft, ()
    try:
        network = finetune(examples, Ncx(**dict(first.settings)))
    except (BoundError, CodecError, FloatingPointError) as error:
        notes.append(f"ncx: no network of the variable's own could be trained: {error}")
        return draft, ()
    learn(network)
    settings = (*first.settings, ("network", network.hash.hex()))
    plain, tuned = (
        sum(len(payload_of(b, "ncx", used, None, exact, fill)) for b in blocks)
        for used in (first.settings, settings)
    )
    model = file_text(network)
    saved = (1 - tuned / plain) * estimates(draft, subject)[0] - len(model)
    if saved <= 0:
        notes.append("ncx: a network of the variable's own would not pay for its bytes")
        return draft, ()
    notes.append(
        f"ncx: a network of the variable's own, of {len(model)} bytes, makes the sample blocks "
        f"{plain / tuned:.2f} times smaller"
    )
    sizes = tuple(
        math.ceil(size * tuned / plain) if rung.codec == "ncx" else size
        for size, rung in zip(draft.sample_bytes, draft.ladder, strict=True)
    )
    ladder = tuple(_with_settings(rung, settings) for rung in draft.ladder)
    return replace(draft, ladder=ladder, sample_bytes=sizes), (model,)


def _with_settings(rung: Rung, settings: Settings) -> Rung:
    return replace(rung, settings=settings) if rung.codec == "ncx" else rung


def _examples(blocks: Sequence[SampleBlock], exact: tuple[float, ...]) -> list[Example]:
    """The blocks as the codec is given them, but for those that are all missing."""
    from climcomp_workflows.neural.finetune import Example

    found = []
    for block in blocks:
        special = find_specials(block.values, exact)
        if special is None:
            found.append(Example(np.ascontiguousarray(block.values), block.bound))
        elif not special.all():
            found.append(Example(fill_missing(block.values, special), block.bound, special))
    return found
