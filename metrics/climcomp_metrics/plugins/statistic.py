"""The statistic that measures the metrics of one's own, field by field, and their values."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import State, Value
from climcomp_metrics.domain import Domain
from climcomp_metrics.field import FieldSettings
from climcomp_metrics.level import Level
from climcomp_metrics.part import Part, sampled_in_words, stride
from climcomp_metrics.plugins.code import Field, SumsMetric, fault_text, find_metric
from climcomp_metrics.plugins.grid import Grid, read_only
from climcomp_metrics.plugins.measured import UNKNOWN, fault, measured, merged, number_of
from climcomp_metrics.plugins.model import OwnMetric

NOT_RUN = (
    "its code was not run: it lies with the archive, and nobody said that it may run "
    "(climcomp verify --trust-plugins, or --plugins with your own copy of {file})"
)


class OwnMetrics:
    """What the metrics of one's own make of whole horizontal fields; see `plugins.measured`."""

    name: ClassVar[str] = "own"

    def lacks(self, settings: FieldSettings, domain: Domain) -> str:
        """Why none of them can be had for a variable."""
        reasons = [why_not(own, settings) for own in settings.own]
        return "" if "" in reasons else "; ".join(dict.fromkeys(reasons)) or "there is none"

    def of(self, part: Part) -> State:
        """Their sums over the fields of a part that they are measured on."""
        settings = part.settings
        wanted = [
            (own, stride(settings, own.id, own.every))
            for own in settings.own
            if not why_not(own, settings)
        ]
        state: State = {}
        with _quiet():
            for k, level in enumerate(part.levels()):
                for t, time in enumerate(part.times().tolist()):
                    due = [own for own, step in wanted if (time + level) % step == 0]
                    pair = _pair(part, t, k) if due else None
                    if pair is None:
                        continue
                    grid = _grid(part, time, level)
                    for own in due:
                        found = (
                            measured(own, *pair, grid)
                            if part.has_whole_fields
                            else fault("a part that holds no whole field", time)
                        )
                        stem = f"{self.name}/{level}/{own.id}/"
                        state = merged(state, {stem + name: a for name, a in found.items()})
        return state

    def merge(self, first: State, second: State) -> State:
        """The sums of both parts together."""
        return merged(first, second)


def why_not(own: OwnMetric, settings: FieldSettings) -> str:
    """Why a metric of one's own cannot be had for a variable; empty if it can."""
    if not own.code:
        return NOT_RUN.format(file=own.file)
    if settings.shard[2:] != settings.shape[2:]:
        wanted, found = settings.shape[2:], settings.shard[2:]
        return (
            f"it needs whole fields of {wanted[0]} x {wanted[1]} cells, and the shards hold pieces "
            f"of {found[0]} x {found[1]}: give a larger output.shard_size"
        )
    return ""


def own_value(own: OwnMetric, level: Level) -> Value:
    """The value of a metric of one's own on a level, or the reason why there is none.

    A metric whose code failed on any field, or gave what is no number, has NaN and a reason: it
    fails.
    """
    if reason := why_not(own, level.settings):
        return level.without(own.id, own.unit, reason)
    stem = f"{own.id}/"
    sums = {
        key.removeprefix(stem): array
        for key, array in level.sums_of(OwnMetrics.name).items()
        if key.startswith(stem)
    }
    sampled = sampled_in_words(level.settings, own.id, own.every)
    if "faults" in sums:
        count, time = (int(number) for number in np.asarray(sums["faults"], np.int64))
        text = f"it failed on {count} of its fields, first with {sums['fault'][0]}"
        return _failed(own, level, text, None if time == UNKNOWN else time, sampled)
    if "fields" in sums:
        return _of_sums(own, level, sums, sampled)
    if "mean" in sums:
        return _of_fields(own, level, sums, sampled)
    return level.without(own.id, own.unit, "no field that was measured gave it a value")


def _failed(own: OwnMetric, level: Level, text: str, time: int | None, sampled: str) -> Value:
    return level.of(own.id, np.nan, own.unit, time=time, reason=text, sampled=sampled)


def _of_fields(own: OwnMetric, level: Level, sums: State, sampled: str) -> Value:
    total, count = np.asarray(sums["mean"], np.float64)
    extreme = np.asarray(sums["smallest" if own.least else "largest"], np.float64)
    mean, worst, time = float(total / count), float(extreme[0]), int(extreme[1])
    value = mean if own.over == "mean" else worst
    return level.of(
        own.id,
        value if own.least else abs(value),
        own.unit,
        time=time if own.over == "worst" else None,
        detail={"mean over fields": mean, "worst field": worst, "fields": float(count)},
        sampled=sampled,
    )


def _of_sums(own: OwnMetric, level: Level, sums: State, sampled: str) -> Value:
    given = {
        key.removeprefix("sum."): np.array(array, np.float64)
        for key, array in sums.items()
        if key.startswith("sum.")
    }
    try:
        metric = find_metric(own)
        assert isinstance(metric, SumsMetric)  # a function gives no sums
        with _quiet():
            found = metric.value({k: a if a.ndim else float(a) for k, a in given.items()})
        if found is None:
            return level.without(own.id, own.unit, "its value gave None for the sums of this level")
        number = number_of(own, found)
    except (Exception, SystemExit) as error:  # as in `measured`
        return _failed(own, level, f"it failed with {fault_text(error, own.file)}", None, sampled)
    fields = float(np.asarray(sums["fields"], np.float64)[0])
    return level.of(
        own.id,
        number if own.least else abs(number),
        own.unit,
        detail={"signed": number, "fields": fields},
        sampled=sampled,
    )


def _pair(part: Part, t: int, k: int) -> tuple[Field, Field] | None:
    """One field of both, NaN where either is not finite; None where nothing is left."""
    x = part.original[t, k].astype(np.float64)
    y = part.decoded[t, k].astype(np.float64)
    known = np.isfinite(x) & np.isfinite(y)
    if not known.any():
        return None
    if not known.all():
        x[~known] = y[~known] = np.nan
    if part.settings.axes.cell is not None:
        x, y = x.reshape(-1), y.reshape(-1)
    for values in (x, y):
        values.flags.writeable = False
    return x, y


def _grid(part: Part, time: int, level: int) -> Grid:
    domain, settings = part.domain, part.settings
    weights: NDArray[np.float64] | None = domain.weights
    if weights is not None and settings.axes.cell is not None:
        weights = weights.reshape(-1)
    if weights is None and settings.shape[2:] == (1, 1):
        weights = np.ones((1, 1))
    return Grid(
        settings.variable,
        settings.unit,
        read_only(domain.lat),
        read_only(domain.lon),
        read_only(weights),
        time,
        level,
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """What NumPy warns of in a scientist's code shows as NaN, and NaN is refused."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
