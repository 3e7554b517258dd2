"""Two archives side by side as plain lines."""

from __future__ import annotations

from collections.abc import Iterable

from climcomp_metrics.base import Verdict
from climcomp_metrics.report.beside import Beside, Both, VariableBeside
from climcomp_metrics.report.bound import kept_text, largest_error
from climcomp_metrics.report.model import VariableReport
from climcomp_metrics.report.quantity import enumerated, number_text, size, times
from climcomp_metrics.report.text import printable, wrapped

_FIRST, _COLUMN = 34, 22


def render_beside_text(found: Beside, width: int = 100) -> str:
    """The comparison in lines of at most `width` characters; of criteria those that differ."""
    blocks = [
        [
            f"{letter}  {label}: {report.name}, {report.created}, {size(report.stored_bytes)}"
            for letter, label, report in zip("AB", found.labels, found.reports, strict=True)
        ],
        *(_variable(one) for one in found.variables),
        [
            f"Only in {letter}: {enumerated(names)}."
            for letter, names in zip("AB", found.only, strict=True)
            if names
        ],
    ]
    lines = (wrapped(block, width) for block in blocks if block)
    return "\n\n".join("\n".join(part) for part in lines) + "\n"


def _variable(one: VariableBeside) -> list[str]:
    first, second = one.both
    lines = [
        _row(one.name, ("A", "B")),
        _row("  verdict", (first.standing, second.standing)),
        _row("  ratio", (times(first.ratio), times(second.ratio))),
        _row("  bound kept", (_bound(first), _bound(second))),
        _row("  largest error", (_error(one, 0), _error(one, 1))),
    ]
    for suite, (a, b) in one.suites.items():
        lines.append(_row(f"  {suite}", (a or "-", b or "-")))
        for criterion in one.criteria:
            if criterion.suite == suite and criterion.differs:
                name = f"    {criterion.criterion} {criterion.metric}"
                values = _value(criterion.verdicts[0]), _value(criterion.verdicts[1])
                lines.append(_row(name, values, _limit(criterion.verdicts)))
    return [*lines, *(f"  {remark}" for remark in one.remarks)]


def _error(one: VariableBeside, which: int) -> str:
    found = largest_error(one.both[which])
    return found[0] if found else "-"


def _bound(variable: VariableReport) -> str:
    return kept_text(variable, brief=True) if variable.how == "lossy" else variable.how


def _value(verdict: Verdict | None) -> str:
    if verdict is None:
        return "-"
    if verdict.value is None:
        return verdict.outcome
    shown = number_text(verdict.value)
    return f"{shown} {verdict.outcome.upper()}" if verdict.outcome in ("warn", "fail") else shown


def _limit(verdicts: Both[Verdict | None]) -> str:
    limits = (v.warn if v.fail is None else v.fail for v in verdicts if v is not None)
    return next((f"limit {number_text(limit)}" for limit in limits if limit is not None), "")


def _row(name: str, both: Both[str], behind: str = "") -> str:
    cells = (_cut(name, _FIRST), *(_cut(text, _COLUMN) for text in both), behind)
    return " ".join(map(printable, _padded(cells))).rstrip()


def _padded(cells: Iterable[str]) -> Iterable[str]:
    for width, cell in zip((_FIRST, _COLUMN, _COLUMN, 0), cells, strict=True):
        yield f"{cell:<{width}}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 2]}.."
