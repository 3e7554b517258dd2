"""What comparing two arrays in a notebook gives: verdicts to look at, to print and to tabulate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from climcomp_metrics.base import Outcome, Value, Verdict

_ORDER: tuple[Outcome, ...] = ("fail", "warn", "pass", "report", "n/a")
_COLUMNS = (
    "criterion", "metric", "outcome", "value", "unit", "warn", "fail", "source", "place", "reason",
    "sampled",
)  # fmt: skip
# A shape beside each word, and colours that stand on light and dark pages.
_MARKS: dict[Outcome, tuple[str, str]] = {
    "fail": ("\u25a0", "#c1272d"),
    "warn": ("\u25b2", "#b8860b"),
    "pass": ("\u25cf", "#2a7ab0"),
    "report": ("\u25cb", "#808080"),
    "n/a": ("\u2013", "#808080"),
}


@dataclass(frozen=True)
class Comparison:
    """The verdicts on a decoded array, worst first where they are shown.

    Parameters
    ----------
    kind, why_kind
        The class that chose the criteria ("C", "P", "B"), and why it is that.
    sizes
        Lengths of the dimensions.
    sigma, sigma_method
        The standard deviation of each level that errors are measured against, and which it is.
    verdicts
        In the order of METRICS.
    values
        What the verdicts were made from: each metric of each level.
    """

    name: str
    unit: str
    kind: str
    why_kind: str
    sizes: Mapping[str, int]
    sigma: tuple[float, ...]
    sigma_method: str
    verdicts: tuple[Verdict, ...]
    values: tuple[Value, ...]

    @property
    def outcome(self) -> Outcome:
        """The worst outcome of any verdict."""
        found = {verdict.outcome for verdict in self.verdicts}
        return next(outcome for outcome in _ORDER if outcome in found)

    def __getitem__(self, criterion: str) -> Verdict:
        """The verdict of a criterion, by its id."""
        for verdict in self.verdicts:
            if verdict.criterion == criterion:
                return verdict
        raise KeyError(criterion)

    def with_outcome(self, outcome: Outcome) -> tuple[Verdict, ...]:
        """The verdicts of one outcome."""
        return tuple(verdict for verdict in self.verdicts if verdict.outcome == outcome)

    def to_dict(self) -> dict[str, list[object]]:
        """The verdicts by column, as `pandas.DataFrame` takes them; values as numbers, not text."""
        return {name: [getattr(verdict, name) for verdict in self.verdicts] for name in _COLUMNS}

    def __repr__(self) -> str:
        lines = [self._headline()]
        for verdict in self._worst_first():
            test, outcome, *rest = self._row(verdict)
            lines.append(f"  {outcome:6} {test}: {'; '.join(text for text in rest if text)}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """The table that a notebook shows."""
        from climcomp_metrics.report.markup import element

        heads = ("Test", "Outcome", "Value", "Limits", "Where, and why")
        rows = []
        for verdict in self._worst_first():
            test, outcome, *rest = self._row(verdict)
            mark, colour = _MARKS[verdict.outcome]
            shown = element("td", element("b", f"{mark} {outcome}", style=f"color:{colour}"))
            rows.append(
                element("tr", element("th", test), shown, *(element("td", text) for text in rest))
            )
        return element(
            "div",
            element("p", self._headline()),
            element(
                "table",
                element("thead", element("tr", *(element("th", head) for head in heads))),
                element("tbody", *rows),
            ),
        )

    def _headline(self) -> str:
        counts = ", ".join(
            f"{len(found)} {outcome}" for outcome in _ORDER if (found := self.with_outcome(outcome))
        )
        sizes = ", ".join(f"{dim} {size}" for dim, size in self.sizes.items())
        unit = f" [{self.unit}]" if self.unit else ""
        return f"{self.name}{unit} ({sizes}), class {self.kind} ({self.why_kind}): {counts}"

    def _worst_first(self) -> list[Verdict]:
        return sorted(self.verdicts, key=lambda verdict: _ORDER.index(verdict.outcome))

    def _row(self, verdict: Verdict) -> tuple[str, str, str, str, str]:
        from climcomp_metrics.report.limits import limit_text, value_text

        notes = [verdict.place, verdict.reason]
        notes.append(f"measured on {verdict.sampled}" if verdict.sampled else "")
        return (
            f"{verdict.criterion} {verdict.metric}",
            verdict.outcome,
            value_text(verdict) if verdict.value is not None else "",
            limit_text(verdict) if verdict.outcome != "n/a" else "",
            "; ".join(note for note in notes if note),
        )
