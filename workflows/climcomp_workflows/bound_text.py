"""The text of an error bound in a recipe, and what it means in a variable's own unit."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from climcomp.bounds import BoundKind, ErrorBound
from climcomp.errors import BoundError
from climcomp_workflows.units import difference_factor, is_dimensionless, is_percent, is_water

FORMS = '"0.01 K", "1 %" (of each value) or "0.1 % of range"'

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_DECIMAL_COMMA = re.compile(r"^[+-]?\d+,\d+")
_NOT_FINITE = re.compile(r"^[+-]?\.?(?:nan|inf|infinity)\b", re.IGNORECASE)
_PERCENT = re.compile(r"^%\s*(?P<of>.*)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class BoundText:
    """An error bound as a person wrote it, before the variable's unit is known.

    Parameters
    ----------
    value
        Positive and finite: in `unit` where `kind` is absolute, else a share (0.01 for "1 %").
    unit
        As written; None for the relative kinds and for a bare number.
    kind
        What the number bounds.
    text
        What was written, with single spaces.
    plain_percent
        True for "1 %" alone, which is ambiguous where the variable's own unit is per cent.
    """

    value: float
    unit: str | None
    kind: BoundKind
    text: str
    plain_percent: bool = False


@dataclass(frozen=True, slots=True)
class ResolvedBound:
    """A bound in the variable's own unit, with what a reader of the plan should know about it."""

    bound: ErrorBound
    note: str | None = None


def parse_bound(text: str | int | float) -> BoundText:
    """Read "0.01 K", "1 %", "1 % relative", "1 % absolute", "0.1 % of range" or a bare number.

    Raises
    ------
    BoundError
        If it is none of these, or the number is zero, negative or not finite.
    """
    if isinstance(text, bool):
        raise BoundError(f"found {str(text).lower()}, wanted a bound such as {FORMS}")
    written = " ".join(str(text).split())
    number = _NUMBER.match(written)
    if _DECIMAL_COMMA.match(written):
        raise BoundError(f"found {written!r}: write the number with a decimal point, not a comma")
    if _NOT_FINITE.match(written):
        raise BoundError(f"found {written!r}: a bound must be a finite number above 0")
    if number is None:
        raise BoundError(f"found {written!r}, wanted a number and a unit, such as {FORMS}")
    value = float(number.group())
    if not (math.isfinite(value) and value > 0):
        lossless = "" if value else '; for no error at all write "class: lossless"'
        raise BoundError(f"found {written!r}: a bound must be a finite number above 0{lossless}")
    rest = written[number.end() :].strip()
    percent = _PERCENT.match(rest)
    if percent is None:
        return BoundText(value, rest or None, "absolute", written)
    return _percent(value, percent["of"].strip().lower(), written)


def _percent(value: float, of: str, written: str) -> BoundText:
    if of in ("absolute", "abs"):
        return BoundText(value, "%", "absolute", written)
    share = value / 100
    if not 0 < share < 1:
        raise BoundError(f"found {written!r}: a relative bound must be above 0 % and below 100 %")
    if of == "of range":
        return BoundText(share, None, "range_relative", written)
    if of in ("", "relative", "of value"):
        return BoundText(share, None, "pointwise_relative", written, plain_percent=not of)
    raise BoundError(
        f"found {written!r}: after % may stand nothing, 'relative' (to each value), 'of range' "
        "(of the variable) or 'absolute' (percentage points)"
    )


def resolve_bound(
    bound: BoundText, units: str | None, standard_name: str | None = None
) -> ResolvedBound:
    """The bound in the unit of a variable, converted as a difference: 1 degC is 1 K.

    Parameters
    ----------
    units
        The variable's own `units` attribute; None or "" where it has none.
    standard_name
        Lets a depth of water stand for a mass of water (1 mm is 1 kg m-2), where it names one.

    Raises
    ------
    BoundError
        If the units are of different kinds, cannot be read, or a number has no unit but needs one.
    """
    if bound.kind != "absolute":
        if bound.plain_percent and is_percent(units):
            raise BoundError(
                f"{bound.text!r} is ambiguous, because the variable itself is in {units!r}: write "
                f'"{bound.text} absolute" for percentage points, or "{bound.text} relative" for a '
                "share of each value"
            )
        return ResolvedBound(ErrorBound(bound.kind, bound.value))
    if bound.unit is None:
        if not is_dimensionless(units):
            raise BoundError(
                f"{bound.text!r} has no unit, but the variable is in {units!r}: "
                f'write "{bound.text} {units}"'
            )
        return ResolvedBound(ErrorBound("absolute", bound.value))
    factor, note = difference_factor(bound.unit, units, water=is_water(standard_name))
    value = bound.value * factor
    if not (math.isfinite(value) and value > 0):
        raise BoundError(f"{bound.text!r} is {value!r} in {units!r}: no bound that can be kept")
    return ResolvedBound(ErrorBound("absolute", value), note)
