"""Send pairs of fields through the whole suite, and count what it says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp_metrics import Place, check_shard, judge, measure, shard_verdicts, summarise
from climcomp_metrics.base import Verdict

from .compression import compressions, possible
from .damage import DAMAGES, applies
from .subjects import Subject

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Outcome:
    """What the suite said of one pair.

    Parameters
    ----------
    good
        Whether it was a good compression; else it was damage.
    failed, warned
        Ids of the criteria.
    """

    suite: str
    subject: str
    what: str
    good: bool
    failed: tuple[str, ...]
    warned: tuple[str, ...]
    details: tuple[str, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether the variable would not have been published so."""
        return bool(self.failed)


def judged(subject: Subject, decoded: Array, bounds: Sequence[ErrorBound]) -> list[Verdict]:
    """Every verdict of the suite."""
    settings, original = subject.settings, subject.values
    place = Place(subject.name, (0, 0, 0, 0), settings.shape)
    check = check_shard(original, decoded, settings, place, bounds)
    state = measure(original, decoded, settings, subject.domain, place)
    values = summarise(state, settings, subject.domain)
    return shard_verdicts(check, settings) + judge(values, settings)


def just_kept(subject: Subject, decoded: Array) -> tuple[ErrorBound, ...]:
    """Bounds that the damage keeps: the largest error itself tells nothing about the suite."""
    found = []
    for level in range(decoded.shape[1]):
        with np.errstate(invalid="ignore"):
            error = np.abs(
                decoded[:, level].astype(np.float64) - subject.values[:, level].astype(np.float64)
            )
        largest = float(np.max(error, initial=0.0, where=np.isfinite(error)))
        found.append(ErrorBound("absolute", largest * (1 + 1e-9) or 1.0))
    return tuple(found)


def _outcome(subject: Subject, what: str, good: bool, verdicts: Iterable[Verdict]) -> Outcome:
    found = list(verdicts)
    failed = [v for v in found if v.outcome == "fail"]
    return Outcome(
        subject.suite,
        subject.name,
        what,
        good,
        tuple(v.criterion for v in failed),
        tuple(v.criterion for v in found if v.outcome == "warn"),
        tuple(f"{v.criterion} {v.value} (limit {v.fail}) {v.place}" for v in failed),
    )


def damaged(subject: Subject) -> Iterator[Outcome]:
    """Every kind of damage to a subject, mild and strong; what changes nothing is left out."""
    for damage in DAMAGES:
        if not applies(damage, subject):
            continue
        for strength, word in enumerate(("mild", "strong")):
            decoded = damage.done_to(subject, strength)
            if np.array_equal(decoded, subject.values, equal_nan=True):
                continue
            verdicts = judged(subject, decoded, just_kept(subject, decoded))
            yield _outcome(subject, f"{damage.name}, {word}", False, verdicts)


def compressed(subject: Subject) -> Iterator[Outcome]:
    """Every good compression of a subject."""
    for compression in compressions(subject):
        decoded = possible(compression, subject)
        if decoded is not None:
            verdicts = judged(subject, decoded, compression.bounds(subject))
            yield _outcome(subject, compression.name, True, verdicts)


def outcomes_of(subject: Subject) -> list[Outcome]:
    """Everything that is done to a subject, and what the suite says of it."""
    return [*damaged(subject), *compressed(subject)]
