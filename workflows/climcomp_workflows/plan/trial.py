"""Which rung the samples pass: the whole gate, run on the sampled fields before anything else."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs import get_codec
from climcomp.errors import BoundError, CodecError
from climcomp.frame import BlockEncoding, decode_block, encode_block
from climcomp_metrics.base import Limits, Verdict
from climcomp_metrics.field import FieldSettings, Place
from climcomp_metrics.judge import judge
from climcomp_metrics.measure import measure
from climcomp_metrics.physical import check_shard
from climcomp_metrics.shard_verdicts import shard_verdicts
from climcomp_metrics.summarise import summarise
from climcomp_workflows.gate import failures, in_words
from climcomp_workflows.plan.model import Enforced, Rung
from climcomp_workflows.plan.sample import Sample

# Criteria over the whole record mean something else on a few of its steps.
NEED_THE_RECORD = frozenset({"P3", "P7", "C1", "E5"})
# Only a clear failure on the samples skips a rung: the run itself judges on all values.
CLEAR = 1.25


def _code(
    fields: NDArray[np.floating], rung: Rung, exact: tuple[float, ...], levels: tuple[int, ...]
) -> NDArray[np.floating]:
    """The fields after encoding and decoding at a rung, each level by itself."""
    assert rung.bounds is not None
    # The order of dimensions belongs to the blocks of the array, not to these fields.
    settings = {k: v for k, v in rung.settings if k != "order"}
    decoded = np.empty_like(fields)
    for position, level in enumerate(levels):
        bound: ErrorBound = rung.bounds[level if len(rung.bounds) > 1 else 0]
        keepbits = None
        if rung.keepbits is not None:
            keepbits = rung.keepbits[level if len(rung.keepbits) > 1 else 0]
        values = np.ascontiguousarray(fields[:, position])
        encoding = BlockEncoding(
            codec=get_codec(rung.codec, **settings), bound=bound, keepbits=keepbits, exact=exact
        )
        payload = encode_block(values, encoding)
        decoded[:, position] = decode_block(payload, values.shape, values.dtype)
    return decoded


def _verdicts(
    sample: Sample,
    settings: FieldSettings,
    rung: Rung,
    exact: tuple[float, ...],
    weights: NDArray[np.float64] | str,
    limits: Limits,
) -> list[Verdict]:
    assert rung.bounds is not None
    shape = sample.fields.shape
    part = dataclasses.replace(
        settings,
        shape=(shape[0], shape[1], shape[2], shape[3]),
        sigma=tuple(settings.sigma[level] for level in sample.levels),
        bins=tuple(settings.bins[level] for level in sample.levels),
        chunk=(shape[0], 1, shape[2], shape[3]),
        shard=(shape[0], shape[1], shape[2], shape[3]),
        periodic_x=settings.periodic_x and not sample.tiles,
        has_area="tiles of the fields were sampled" if sample.tiles else settings.has_area,
    )
    place = Place(settings.variable, (0, 0, 0, 0), part.shape)
    decoded = _code(sample.fields, rung, exact, sample.levels)
    several = len(rung.bounds) > 1
    bounds = tuple(rung.bounds[level if several else 0] for level in sample.levels)
    check = check_shard(sample.fields, decoded, part, place, bounds)
    area = None if sample.tiles or isinstance(weights, str) else weights
    state = measure(sample.fields, decoded, part, area, place)
    judged = judge(summarise(state, part, area), part, limits)
    return [*shard_verdicts(check, part), *judged]


def first_rung(
    sample: Sample,
    settings: FieldSettings,
    ladder: tuple[Rung, ...],
    exact: tuple[float, ...],
    weights: NDArray[np.float64] | str,
    limits: Limits,
    enforced: Enforced,
) -> tuple[int, tuple[str, ...]]:
    """The rung to begin with, and what the samples said against those before it."""
    notes: list[str] = []
    for number, rung in enumerate(ladder):
        if rung.lossless:
            return number, tuple(notes)
        try:
            verdicts = _verdicts(sample, settings, rung, exact, weights, limits)
        except (BoundError, CodecError) as error:
            notes.append(f"{rung.text}: {error}")
            continue
        failed = [v for v in failures(verdicts, enforced) if _clearly(v, sample.whole)]
        if not failed:
            return number, tuple(notes)
        notes.append(f"on the samples {rung.text} fails {'; '.join(in_words(v) for v in failed)}")
    return len(ladder) - 1, tuple(notes)


def _clearly(verdict: Verdict, whole: bool) -> bool:
    if whole:
        return True
    if verdict.criterion in NEED_THE_RECORD:
        return False
    if verdict.value is None or verdict.fail is None or not verdict.fail:
        return True
    return verdict.value > CLEAR * verdict.fail or verdict.value < verdict.fail / CLEAR
