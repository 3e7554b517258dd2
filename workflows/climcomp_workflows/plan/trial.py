"""The whole gate, run on the sampled fields before anything else is encoded."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs import get_codec
from climcomp.errors import BoundError, CodecError, RecipeError
from climcomp.frame import BlockEncoding, decode_block, encode_block
from climcomp_metrics.base import Limits, Value, Verdict
from climcomp_metrics.domain import Domain
from climcomp_metrics.field import FieldSettings, Place
from climcomp_metrics.judge import judge
from climcomp_metrics.measure import measure
from climcomp_metrics.physical import ShardCheck, check_shard
from climcomp_metrics.shard_verdicts import merge_checks, shard_verdicts
from climcomp_metrics.summarise import summarise
from climcomp_workflows.gate import Enforced, decides, failures, in_words
from climcomp_workflows.plan.model import Rung
from climcomp_workflows.plan.sample import Sample

# Criteria over the whole record mean something else on a few of its steps.
NEED_THE_RECORD = frozenset({"P3", "P7", "C1", "E5"})
# Our own: only a failure as clear as this on a part skips a rung, for the run judges all values.
CLEAR = 1.25
SLICES_OF_SAMPLED = 4  # of each level, by statistics that METRICS samples anyway; our own
# Settings that name dimensions are for the blocks of the array, not for sampled fields.
OF_DIMENSIONS = frozenset({"order", "axis"})
# Those that say where fields begin and end are for whole ones.
OF_WHOLE_FIELDS = frozenset({"latitudes"})
BLOCK_BYTES = 16 << 20  # coded at once: blocks of the archive are no larger


@dataclasses.dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of one sampled level at a rung."""

    level: int
    check: ShardCheck
    values: list[Value]


@dataclasses.dataclass(frozen=True, slots=True)
class SampleGate:
    """What decides on samples, but for the rung: the fields, what the metrics know, the limits."""

    sample: Sample
    settings: FieldSettings
    exact: tuple[float, ...]
    domain: Domain
    limits: Limits
    enforced: Enforced
    off: frozenset[str]

    def verdicts(self, measured: Sequence[Measured]) -> list[Verdict]:
        """All verdicts on some levels together."""
        check = functools.reduce(merge_checks, (m.check for m in measured))
        values = [value for m in measured for value in m.values]
        return shard_verdicts(check, self.settings) + [
            v for v in judge(values, self.settings, self.limits) if v.criterion not in self.off
        ]

    def failed(self, measured: Sequence[Measured]) -> list[Verdict]:
        """The clear failures of some levels together."""
        return self.clear_failures(self.verdicts(measured))

    def clear_failures(self, verdicts: Sequence[Verdict]) -> list[Verdict]:
        """Those that say of the whole variable, and not of its sample alone, that it would fail."""
        return [v for v in failures(verdicts, self.enforced) if _clearly(v, self.sample.whole)]

    def counts(self, verdict: Verdict) -> bool:
        """Whether a verdict on the samples can stop the variable, and means the same on them."""
        if not decides(verdict.criterion, self.enforced):
            return False
        return self.sample.whole or verdict.criterion not in NEED_THE_RECORD

    def measure(self, rung: Rung, position: int) -> Measured:
        """Send one sampled level through the codec: its check and its metrics.

        Raises
        ------
        BoundError, CodecError
            If the codec refuses the fields.
        RecipeError
            If the code of one of the recipe's own metrics fails on them.
        """
        sample, level = self.sample, self.sample.levels[position]
        original = np.ascontiguousarray(sample.fields[:, position : position + 1])
        decoded = _code(
            original,
            rung if not sample.tiles else _without(rung, OF_WHOLE_FIELDS),
            level,
            self.exact,
            self.settings.chunk[0],
        )
        times, _, rows, columns = original.shape
        part = dataclasses.replace(
            self.settings,
            shape=(times, 1, rows, columns),
            sigma=self.settings.sigma[level : level + 1],
            bins=self.settings.bins[level : level + 1],
            chunk=(times, 1, rows, columns),
            shard=(times, 1, rows, columns),
            periodic_x=self.settings.periodic_x and columns == self.settings.shape[3],
            every=dict.fromkeys({"*", *self.settings.every}, max(1, times // SLICES_OF_SAMPLED)),
            # Promised to them are whole fields.
            own=() if self.sample.tiles else self.settings.own,
        )
        names = ("sampled step", f"level {level},", "y", "x")
        place = Place(self.settings.variable, (0, 0, 0, 0), part.shape, names)
        here = self._domain_of_sample()
        check = check_shard(original, decoded, part, place, (_bound(rung, level),))
        state = measure(original, decoded, part, here, place)
        values = [self._placed(v, level) for v in summarise(state, part, here)]
        _refuse_faults(values, self.settings)
        return Measured(level, check, values)

    def _domain_of_sample(self) -> Domain:
        """The grid under the sampled part of the fields; sampled steps are no record of dates."""
        whole, rows, columns = self.domain, self.sample.rows, self.sample.columns
        weights = None if whole.weights is None else whole.weights[rows, columns]
        lat, lon = whole.lat, whole.lon
        if lat is not None and lon is not None:
            if whole.grid in ("latlon", "gaussian"):
                lat, lon = lat[rows], lon[columns]
            elif whole.grid == "unstructured":
                lat, lon = lat[columns], lon[columns]
            else:
                lat, lon = lat[rows, columns], lon[rows, columns]
        return Domain(weights, whole.grid, lat, lon)

    def _placed(self, value: Value, level: int) -> Value:
        """A value with the level and the time step that it has in the variable."""
        time = None if value.time is None else self.sample.times[value.time]
        return dataclasses.replace(value, level=level, time=time)


def _refuse_faults(values: Sequence[Value], settings: FieldSettings) -> None:
    """Better said now than after hours, when a metric that has no number fails the variable."""
    files = {own.id: own.file for own in settings.own}
    for value in values:
        if value.metric in files and value.value is not None and math.isnan(value.value):
            text = (
                f"checks.metrics: {value.metric} cannot be measured on {settings.variable}, level "
                f"{value.level}: {value.reason}. Mend {files[value.metric]}, or name the variables "
                "that it is for (variables: [...])."
            )
            raise RecipeError(text, (text,))


def _bound(rung: Rung, level: int) -> ErrorBound:
    assert rung.bounds is not None
    return rung.bounds[level if len(rung.bounds) > 1 else 0]


def _code(
    fields: NDArray[np.floating],
    rung: Rung,
    level: int,
    exact: tuple[float, ...],
    at_once: int,
) -> NDArray[np.floating]:
    """Fields (times, 1, y, x) of one level after encoding and decoding, as many steps at a time as
    a block of the archive has.
    """
    codec = get_codec(rung.codec, **dict(_without(rung, OF_DIMENSIONS).settings))
    keepbits = None
    if rung.keepbits is not None:
        keepbits = rung.keepbits[level if len(rung.keepbits) > 1 else 0]
    encoding = BlockEncoding(codec, _bound(rung, level), keepbits, exact)
    decoded = np.empty_like(fields)
    steps = max(1, min(at_once, BLOCK_BYTES // max(1, fields[:1].nbytes)))
    for start in range(0, len(fields), steps):
        values = fields[start : start + steps, 0]
        payload = encode_block(values, encoding)
        decoded[start : start + steps, 0] = decode_block(payload, values.shape, values.dtype)
    return decoded


def _without(rung: Rung, keys: frozenset[str]) -> Rung:
    """The same rung with fewer settings."""
    kept = tuple((key, value) for key, value in rung.settings if key not in keys)
    return dataclasses.replace(rung, settings=kept)


def first_rung(gate: SampleGate, ladder: tuple[Rung, ...]) -> tuple[int, tuple[str, ...]]:
    """The rung to begin with, and what the samples said against those before it."""
    notes: list[str] = []
    for number, rung in enumerate(ladder):
        if rung.lossless:
            break
        try:
            failed = gate.failed([gate.measure(rung, p) for p in range(len(gate.sample.levels))])
        except (BoundError, CodecError) as error:
            notes.append(f"{rung.text}: {error}")
            continue
        if not failed:
            return number, tuple(notes)
        notes.append(f"on the samples {rung.text} fails {'; '.join(in_words(v) for v in failed)}")
    return len(ladder) - 1, tuple(notes)


def _clearly(verdict: Verdict, whole: bool) -> bool:
    """Whether a failure on the samples says that the whole variable would fail."""
    if whole:
        return True
    if verdict.criterion in NEED_THE_RECORD:
        return False
    if verdict.value is None or math.isnan(verdict.value) or not verdict.fail:
        return True
    return verdict.value > CLEAR * verdict.fail or verdict.value < verdict.fail / CLEAR
