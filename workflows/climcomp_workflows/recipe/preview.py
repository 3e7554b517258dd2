"""What a recipe says of previews: variables for a quick look, without a bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import PlainSerializer

from climcomp.errors import BoundError
from climcomp_workflows.bound_text import BoundText, parse_bound
from climcomp_workflows.recipe.problems import meant, shown
from climcomp_workflows.recipe.values import number, reads, refusal

_KEYS = ("ratio", "rmse", "enforce")
_WANTED = 'wanted {ratio: 500} (values over bytes) or {rmse: 0.3 K}, with "enforce: true" or not'
SMALLEST_RATIO, LARGEST_RATIO = 4.0, 1e6


@dataclass(frozen=True, slots=True)
class PreviewText:
    """What a preview is to reach, as a person wrote it.

    Parameters
    ----------
    kind
        `ratio`: bytes of values over bytes stored; `rmse`: root-mean-square error.
    value
        Of a ratio.
    rmse
        The error; None where a ratio is wanted.
    enforce
        Whether a preview that fails a test is not published.
    """

    kind: Literal["ratio", "rmse"]
    value: float = 0.0
    rmse: BoundText | None = None
    enforce: bool = False

    @property
    def text(self) -> str:
        """The target: "ratio 500", "RMSE 0.3 K"."""
        return f"ratio {self.value:g}" if self.rmse is None else f"RMSE {self.rmse.text}"


USUAL = PreviewText("ratio", 500.0)
"""Of variables of which a recipe says nothing else."""


def _read_preview(value: object) -> PreviewText:
    if isinstance(value, PreviewText):
        return value
    if not isinstance(value, dict):
        raise refusal(f"found {shown(value)}, {_WANTED}")
    for key in value:
        if key not in _KEYS:
            raise refusal(f"found the key {key!r}, {_WANTED}{meant(str(key), _KEYS)}")
    enforce = value.get("enforce", False)
    if not isinstance(enforce, bool):
        raise refusal(f"enforce: found {shown(enforce)}, wanted true or false")
    if ("ratio" in value) == ("rmse" in value):
        raise refusal(f"found {'both' if 'ratio' in value else 'neither'}, {_WANTED}")
    if "ratio" in value:
        return PreviewText("ratio", _read_ratio(value["ratio"]), enforce=enforce)
    return PreviewText("rmse", rmse=_read_rmse(value["rmse"]), enforce=enforce)


def _read_ratio(value: object) -> float:
    found = number(value)
    if found is None or not SMALLEST_RATIO <= found <= LARGEST_RATIO:
        raise refusal(
            f"ratio: found {shown(value)}, wanted a number from {SMALLEST_RATIO:g} to "
            f"{LARGEST_RATIO:g}, such as 500"
        )
    return found


def _read_rmse(value: object) -> BoundText:
    try:
        found = parse_bound(value)  # type: ignore[arg-type]  # anything else becomes an error
    except BoundError as error:
        raise refusal(f"rmse: {error}") from None
    except TypeError:
        raise refusal(f"rmse: found {shown(value)}, wanted an error such as 0.3 K") from None
    if found.kind != "absolute":
        raise refusal(f"rmse: found {found.text!r}, wanted an error with a unit, such as 0.3 K")
    return found


def _write_preview(found: PreviewText | None) -> dict[str, object] | None:
    if found is None:
        return None
    target = {"ratio": found.value} if found.rmse is None else {"rmse": found.rmse.text}
    return {**target, "enforce": True} if found.enforce else dict(target)


Preview = Annotated[PreviewText, reads(_read_preview), PlainSerializer(_write_preview)]
MaybePreview = Annotated[
    PreviewText | None,
    reads(lambda value: None if value is None else _read_preview(value)),
    PlainSerializer(_write_preview),
]
