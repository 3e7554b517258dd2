"""One variable on the page: its verdict line, opening to everything that was decided for it."""

from __future__ import annotations

from collections.abc import Iterable

from climcomp_metrics.report.bound import bound_text, kept_text, largest_error
from climcomp_metrics.report.lights import badge
from climcomp_metrics.report.markup import Markup, breakable, element
from climcomp_metrics.report.model import VariableReport
from climcomp_metrics.report.previews import lost_facts
from climcomp_metrics.report.quantity import counted, percent, size, times
from climcomp_metrics.report.sentence import further, verdict_sentence

_WIDE = 90  # characters of a text that gets a line of its own
_CLASSES = {
    "C": "continuous",
    "P": "positive, heavy-tailed",
    "B": "bounded fraction",
    "L": "lossless only",
    "M": "with missing values",
}


def verdict_line(variable: VariableReport) -> Markup:
    """Badge, sentence, ratio, codec, bound and sizes; opens to the decisions."""
    calm = " calm" if variable.standing in ("pass", "exact") else ""
    summary = element(
        "summary",
        badge(variable.standing, "preview" if _is_shown(variable) else ""),
        element(
            "span",
            element("b", breakable(variable.name)),
            verdict_sentence(variable).removeprefix(variable.name),
            element("span", more, class_="further") if (more := further(variable)) else "",
            element("span", *_chips(variable), class_="chips"),
            class_="said",
        ),
        element("span", times(variable.ratio), class_="ratio", title="raw size over stored size"),
    )
    return element("details", summary, facts(_decisions(variable)), class_=f"variable{calm}")


def _is_shown(variable: VariableReport) -> bool:
    """Whether it is a preview that nothing speaks against but that it has no bound."""
    return variable.how == "preview" and variable.standing == "warn"


def facts(entries: Iterable[tuple[str, str]]) -> Markup:
    """A list of names with their values; entries without a value are left out."""
    return element(
        "dl",
        *(
            element(
                "div",
                element("dt", name),
                element("dd", text),
                class_="wide" if len(text) > _WIDE else "",
            )
            for name, text in entries
            if text
        ),
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
        *lost_facts(variable),
        ("Standard name", variable.standard_name),
        ("Array", f"{variable.dtype}; {shape or 'scalar'}; unit {variable.unit or '1'}"),
        ("Class", _class_text(variable.kind)),
        ("Missing values", "" if variable.masked_share is None else percent(variable.masked_share)),
        ("Bound asked", "" if bound is None else bound_text(bound, variable.unit)),
        ("Kind of bound", "" if bound is None else bound.kind.replace("_", " ")),
        ("Bound chosen by", "" if bound is None else bound.choice),
        ("Bound kept", kept_text(variable)),
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


def _class_text(kind: str) -> str:
    """ "CM" as "continuous, with missing values (CM)"."""
    words = [_CLASSES[letter] for letter in kind if letter in _CLASSES]
    return f"{', '.join(words)} ({kind})" if words else kind


def _shards(variable: VariableReport) -> str:
    if variable.shards is None:
        return ""
    rungs = ", ".join(f"{rung}: {count}" for rung, count in variable.shards.rungs.items())
    return f"{variable.shards.total}" + (f" ({rungs})" if rungs else "")
