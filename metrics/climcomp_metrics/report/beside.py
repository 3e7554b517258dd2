"""Two archives side by side: the same variables, each with size, bound and verdicts in both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from climcomp.errors import UsageError
from climcomp_metrics.base import Outcome, Verdict
from climcomp_metrics.report.bound import kept_text, largest_error
from climcomp_metrics.report.document import to_document
from climcomp_metrics.report.model import Report, VariableReport
from climcomp_metrics.report.quantity import enumerated
from climcomp_metrics.report.sentence import verdict_sentence
from climcomp_metrics.report.verdicts import SUITE_NAMES, by_suite, suite_of, worst

T = TypeVar("T")
Both = tuple[T, T]


@dataclass(frozen=True, slots=True)
class CriterionBeside:
    """One criterion in both archives; None where one of them did not judge it."""

    criterion: str
    metric: str
    suite: str
    verdicts: Both[Verdict | None]

    @property
    def differs(self) -> bool:
        """Whether the outcomes or the values are not the same."""
        first, second = self.verdicts
        if first is None or second is None:
            return True
        return first.outcome != second.outcome or first.value != second.value


@dataclass(frozen=True, slots=True)
class VariableBeside:
    """One variable in both archives.

    Parameters
    ----------
    remarks
        What makes the two hard to compare: another shape, unit or class.
    """

    name: str
    both: Both[VariableReport]
    remarks: tuple[str, ...]
    criteria: tuple[CriterionBeside, ...]

    @property
    def suites(self) -> dict[str, Both[Outcome | None]]:
        """The worst outcome of each suite that either has."""
        first, second = (by_suite(variable.verdicts) for variable in self.both)
        return {
            name: (_worst_of(first.get(name, ())), _worst_of(second.get(name, ())))
            for name in SUITE_NAMES
            if name in first or name in second
        }


@dataclass(frozen=True, slots=True)
class Beside:
    """Two reports with the variables that both have.

    Parameters
    ----------
    labels
        What the archives are called: their paths.
    only
        Names that one of them has alone, without what was carried over.
    """

    labels: Both[str]
    reports: Both[Report]
    variables: tuple[VariableBeside, ...]
    only: Both[tuple[str, ...]]

    def to_dict(self) -> dict[str, Any]:  # JSON has no narrower type than this
        """The same for a machine: lists of two, the first archive first."""
        archives = [
            {
                "archive": label,
                "name": report.name,
                "created": report.created,
                "climcomp": report.climcomp,
                "plan_digest": report.plan_digest,
                "standing": report.standing,
                "source_bytes": report.source_bytes,
                "stored_bytes": report.stored_bytes,
            }
            for label, report in zip(self.labels, self.reports, strict=True)
        ]
        document: dict[str, Any] = to_document(
            {
                "archives": archives,
                "variables": [_variable_document(variable) for variable in self.variables],
                "only": [list(names) for names in self.only],
            }
        )
        return document


def beside(labels: Both[str], reports: Both[Report]) -> Beside:
    """Match the variables of two reports by their names.

    Variables that both carried over exactly are left out: there is nothing to compare.

    Raises
    ------
    UsageError
        If no variable is in both.
    """
    first, second = ({v.name: v for v in report.variables} for report in reports)
    shared = [
        name
        for name in first
        if name in second and {first[name].how, second[name].how} != {"carried"}
    ]
    if not shared:
        found = "; ".join(
            f"{label} has {enumerated(_data(report)) or 'no data'}"
            for label, report in zip(labels, reports, strict=True)
        )
        raise UsageError(
            f"the archives have no variable in common: {found}. Variables are matched by their "
            "names, groups included: compare archives of the same source."
        )
    return Beside(
        labels,
        reports,
        tuple(_variable(first[name], second[name]) for name in shared),
        (
            tuple(name for name in _data(reports[0]) if name not in second),
            tuple(name for name in _data(reports[1]) if name not in first),
        ),
    )


def _data(report: Report) -> list[str]:
    return [variable.name for variable in report.variables if variable.how != "carried"]


def _worst_of(verdicts: Sequence[Verdict]) -> Outcome | None:
    return worst(verdict.outcome for verdict in verdicts)


def _variable(first: VariableReport, second: VariableReport) -> VariableBeside:
    remarks = []
    readers: dict[str, Callable[[VariableReport], str]] = {
        "shape": lambda v: ", ".join(f"{d} {n}" for d, n in zip(v.dims, v.shape, strict=False)),
        "unit": lambda v: v.unit or "1",
        "class": lambda v: v.kind,
    }
    for what, read in readers.items():
        if read(first) != read(second):
            remarks.append(f"the {what} differs: {read(first)} and {read(second)}")
    judged = [{verdict.criterion: verdict for verdict in v.verdicts} for v in (first, second)]
    ids = dict.fromkeys([*judged[0], *judged[1]])
    criteria = []
    for name in ids:
        pair = judged[0].get(name), judged[1].get(name)
        known = pair[0] or pair[1]
        assert known is not None
        criteria.append(CriterionBeside(name, known.metric, suite_of(known), pair))
    criteria.sort(key=lambda one: SUITE_NAMES.index(one.suite))
    return VariableBeside(first.name, (first, second), tuple(remarks), tuple(criteria))


def _variable_document(one: VariableBeside) -> dict[str, Any]:
    return {
        "name": one.name,
        "remarks": one.remarks,
        "standing": [v.standing for v in one.both],
        "how": [v.how for v in one.both],
        "ratio": [v.ratio for v in one.both],
        "raw_bytes": [v.raw_bytes for v in one.both],
        "stored_bytes": [v.stored_bytes for v in one.both],
        "bound": [kept_text(v) for v in one.both],
        "largest_error": [found[0] if (found := largest_error(v)) else None for v in one.both],
        "sentence": [verdict_sentence(v) for v in one.both],
        "suites": {name: list(pair) for name, pair in one.suites.items()},
        "criteria": [
            {
                "criterion": criterion.criterion,
                "metric": criterion.metric,
                "suite": criterion.suite,
                "verdicts": list(criterion.verdicts),
            }
            for criterion in one.criteria
        ],
    }
