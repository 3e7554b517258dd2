"""What a person wants of an archive: times, a box, levels, indices, as texts and as values."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from climcomp.errors import UsageError

Moment = tuple[int, ...]
"""Year, month, day, hour, minute, second, or as many of them as are given: 2000-07 is (2000, 7)."""

_DATE = r"\d{4,}(?:-\d\d(?:-\d\d(?:[T ]\d\d(?::\d\d(?::\d\d)?)?)?)?)?"
_TIMES = re.compile(rf"(?P<first>{_DATE})?(?P<range>[:/])?(?P<last>{_DATE})?")


@dataclass(frozen=True, slots=True)
class Box:
    """West, south, east and north in degrees: from `west` eastward to `east`, past any seam."""

    west: float
    south: float
    east: float
    north: float

    @property
    def span(self) -> float:
        """Degrees of longitude from west to east, 0 to 360."""
        width = self.east - self.west
        return 360.0 if width >= 360 else width % 360


@dataclass(frozen=True, slots=True)
class Request:
    """Which part of the chosen variables is wanted; what is not said is wanted whole.

    Parameters
    ----------
    times
        First and last moment, both included with all that they leave open: 2000-07 to 2000-08
        ends with 31 August. None: from the beginning, to the end.
    levels
        Values of the vertical coordinate, or a pair (lowest, highest) of a range.
    indices
        By name of a dimension; the pseudo-dimensions "@time" and "@level" mean whatever dimension
        of the variable that is.
    mask_outside
        On grids whose cells are no rectangle of longitude and latitude: make what lies in the
        rectangle of indices, but outside of the box, missing.
    """

    times: tuple[Moment | None, Moment | None] | None = None
    box: Box | None = None
    levels: tuple[float, ...] | tuple[tuple[float, float], ...] | None = None
    indices: Mapping[str, slice] = field(default_factory=dict)
    mask_outside: bool = False


def parse_times(text: str) -> tuple[Moment | None, Moment | None]:
    """Read "2000-01-01:2000-12-31", "2000-07" (all of it), "2000:" or ":2009-12".

    Examples
    --------
    >>> parse_times("2000-07:2001")
    ((2000, 7), (2001,))
    """
    match = _TIMES.fullmatch(text.strip())
    if (
        match is None
        or not (match["first"] or match["last"])
        or (match["last"] and match["first"] and not match["range"])
    ):
        raise UsageError(
            f"--time: found {text!r}, wanted FIRST:LAST such as 2000-01-01:2000-12-31, "
            "2000-07 (all of July), 2000: (from then on) or :2009-12"
        )
    first, last = (None if part is None else _moment(part) for part in match.group(1, 3))
    if not match["range"]:
        return first, first
    if first is not None and last is not None and first[: len(last)] > last[: len(first)]:
        raise UsageError(f"--time: {text!r} ends before it begins; exchange the two")
    return first, last


def _moment(text: str) -> Moment:
    return tuple(int(part) for part in re.split(r"[-T :]", text))


def parse_box(text: str) -> Box:
    """Read "W,S,E,N" in degrees: "-10,35,30,60" is Europe, "350,-5,10,5" lies around Greenwich."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(
            f"--box: found {text!r}, wanted WEST,SOUTH,EAST,NORTH in degrees, such as "
            "--box=-10,35,30,60"
        ) from None
    numbers = (west, south, east, north)
    if not all(map(math.isfinite, numbers)):
        raise UsageError(f"--box: found {text!r}, wanted four finite numbers")
    if not -90 <= south <= north <= 90:
        raise UsageError(
            f"--box: latitudes from {south:g} to {north:g}; wanted -90 <= SOUTH <= NORTH <= 90 "
            "(the order is WEST,SOUTH,EAST,NORTH)"
        )
    if not (-360 <= west <= 360 and -360 <= east <= 720):
        raise UsageError(f"--box: longitudes from {west:g} to {east:g}; wanted -360 to 360")
    return Box(*numbers)


def parse_levels(text: str) -> tuple[float, ...] | tuple[tuple[float, float], ...]:
    """Read "850,500,250" (those levels) or "100:500" (all from 100 to 500)."""
    try:
        if ":" in text:
            low, high = (float(part) for part in text.split(":"))
            return ((min(low, high), max(low, high)),)
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(
            f"--level: found {text!r}, wanted values such as 850,500 or a range 100:500, in the "
            "unit of the level coordinate; for positions use --ilevel"
        ) from None


def parse_slice(text: str, option: str) -> slice:
    """Read "0:12" (12 positions), "-3:" or "5" (one position), counted from 0."""
    parts = text.split(":")
    try:
        numbers = [int(part) if part.strip() else None for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) == 1 and numbers[0] is not None:
        start = numbers[0]
        return slice(start, start + 1 if start != -1 else None)
    if len(numbers) == 2:
        return slice(*numbers)
    raise UsageError(
        f"{option}: found {text!r}, wanted positions counted from 0: FIRST:END (END is not taken "
        "any more), such as 0:12, or one such as 5"
    )
