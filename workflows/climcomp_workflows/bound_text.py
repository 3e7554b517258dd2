"""The text of an error bound in a recipe, and what it means in a variable's own unit."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
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
    by_level
        Where levels have bounds of their own: what the level's coordinate is, and the value there;
        None stands for all others. `value` is then the largest of them.
    """

    value: float
    unit: str | None
    kind: BoundKind
    text: str
    plain_percent: bool = False
    by_level: tuple[tuple[float | None, float], ...] = ()


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


def parse_level_bounds(texts: Mapping[str, object]) -> BoundText:
    """Read {"850": "0.05 K", "500": "0.1 K", "*": "0.2 K"}: bounds by the level's coordinate.

    Raises
    ------
    BoundError
        If a key is no number, a bound cannot be read, or they are of different kinds or units.
    """
    if not texts:
        raise BoundError('found no level; wanted bounds such as {850: 0.05 K, "*": 0.1 K}')
    parsed: dict[float | None, BoundText] = {}
    for key, text in texts.items():
        if not isinstance(text, str | int | float):
            raise BoundError(f"level {key}: wanted a bound such as {FORMS}")
        try:
            bound = parse_bound(text)
        except BoundError as error:
            raise BoundError(f"level {key}: {error}") from None
        level = None if key == "*" else _level(key)
        if level in parsed:
            raise BoundError(f"level {key} stands twice")
        parsed[level] = bound
    first = next(iter(parsed.values()))
    for bound in parsed.values():
        if (bound.kind, bound.unit) != (first.kind, first.unit):
            raise BoundError(
                f"found {first.text!r} and {bound.text!r}: bounds of levels must have one unit"
            )
    return dataclasses.replace(
        first,
        value=max(bound.value for bound in parsed.values()),
        text=", ".join(
            f"{key}: {bound.text}" for key, bound in zip(texts, parsed.values(), strict=True)
        ),
        by_level=tuple((level, bound.value) for level, bound in parsed.items()),
    )


def _level(key: str) -> float:
    try:
        level = float(key)
    except ValueError:
        level = math.nan
    if not math.isfinite(level):
        raise BoundError(
            f'found level {key!r}, wanted a value of the level\'s coordinate, such as 850, or "*" '
            "for all others"
        )
    return level


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
