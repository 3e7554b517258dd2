"""One variable on the page: its verdict line, opening to everything that was decided for it."""

from __future__ import annotations

from collections.abc import Iterable

from climcomp_metrics.report.lights import badge
from climcomp_metrics.report.markup import Markup, element
from climcomp_metrics.report.model import VariableReport
from climcomp_metrics.report.quantity import counted, number_text, percent, quantity, size, times
from climcomp_metrics.report.sentence import bound_text, largest_error, verdict_sentence


def verdict_line(variable: VariableReport) -> Markup:
    """Badge, sentence, ratio, codec, bound and sizes; opens to the decisions."""
    calm = " calm" if variable.standing in ("pass", "exact") else ""
    summary = element(
        "summary",
        badge(variable.standing),
        element(
            "span",
            element("b", variable.name),
            verdict_sentence(variable).removeprefix(variable.name),
            element("span", *_chips(variable), class_="chips"),
            class_="said",
        ),
        element("span", times(variable.ratio), class_="ratio", title="raw size over stored size"),
    )
    return element("details", summary, facts(_decisions(variable)), class_=f"variable{calm}")


def facts(entries: Iterable[tuple[str, str]]) -> Markup:
    """A list of names with their values; entries without a value are left out."""
    return element(
        "dl",
        *(element("div", element("dt", k), element("dd", v)) for k, v in entries if v),
        class_="facts",
    )


def _chips(variable: VariableReport) -> list[Markup]:
    texts = [
        variable.long_name or variable.standard_name,
        "+".join(sorted(variable.codecs)),
        f"bound {bound_text(variable.bound, variable.unit)}" if variable.bound else "",
        f"{size(variable.raw_bytes)} raw, {size(variable.stored_bytes)} stored",
    ]
    return [element("span", text) for text in texts if text]


def _decisions(variable: VariableReport) -> list[tuple[str, str]]:
    error, bound = largest_error(variable), variable.bound
    where = f", {error[1]}" if error and error[1] else ""
    shape = ", ".join(f"{d} {n}" for d, n in zip(variable.dims, variable.shape, strict=False))
    return [
        ("Standard name", variable.standard_name),
        ("Array", f"{variable.dtype}; {shape or 'scalar'}; unit {variable.unit or '1'}"),
        ("Class", variable.kind),
        ("Missing values", "" if variable.masked_share is None else percent(variable.masked_share)),
        ("Bound asked", "" if bound is None else bound_text(bound, variable.unit)),
        ("Kind of bound", "" if bound is None else bound.kind.replace("_", " ")),
        ("Bound chosen by", "" if bound is None else bound.choice),
        ("Bound by level", _levels(variable)),
        ("Largest error", f"{error[0]}{where}" if error else ""),
        ("Codecs", ", ".join(f"{c}: {counted(n, 'block')}" for c, n in variable.codecs.items())),
        *(
            (
                f"Attempt {i}",
                f"{a.rung}: " + ("failed " + ", ".join(a.failed) if a.failed else "kept"),
            )
            for i, a in enumerate(variable.attempts, 1)
        ),
        ("Shards", _shards(variable)),
        ("In the source files", size(variable.source_bytes)),
        *(("Fallback", text) for text in variable.fallbacks),
        *(("Note", text) for text in variable.notes),
        *(("Not checked", text) for text in variable.not_checked),
    ]


def _levels(variable: VariableReport) -> str:
    bound = variable.bound
    if bound is None or bound.lowest is None or bound.highest is None:
        return ""
    return f"{number_text(bound.lowest)} to {quantity(bound.highest, variable.unit)}"


def _shards(variable: VariableReport) -> str:
    if variable.shards is None:
        return ""
    rungs = ", ".join(f"{rung}: {count}" for rung, count in variable.shards.rungs.items())
    return f"{variable.shards.total}" + (f" ({rungs})" if rungs else "")
