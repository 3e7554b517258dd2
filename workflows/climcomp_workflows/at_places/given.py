"""Places as a person writes them: one by one, or a file of them."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from climcomp.errors import UsageError

_ORDER = ("lat", "lon", "time")
_WANTED = (
    "wanted LAT,LON or LAT,LON,TIME, more as NAME=VALUE (--at 52.5,13.4,2000-07-01T06,level=850; "
    "--at=-33.9,151.2 where it begins with a minus), or @FILE of a CSV file"
)


@dataclass(frozen=True, slots=True)
class Places:
    """Some places, by column.

    Parameters
    ----------
    columns
        The texts of all places, by the name that was given, in its order.
    is_from_file
        Columns may be no coordinates, but names of stations and the like.
    """

    columns: dict[str, tuple[str, ...]]
    is_from_file: bool = False

    @property
    def count(self) -> int:
        """How many places there are."""
        return len(next(iter(self.columns.values())))

    def with_column(self, name: str, text: str, option: str) -> Places:
        """The same with one more value, for all places."""
        if name in self.columns:
            raise UsageError(f"{option}: the places have a {name} of their own; leave one out")
        return Places({**self.columns, name: (text,) * self.count}, self.is_from_file)


def parse_places(texts: Sequence[str]) -> Places:
    """Read "52.5,13.4", "52.5,13.4,2000-07-01T06,level=850", "lat=52.5,lon=13.4" or "@places.csv".

    Examples
    --------
    >>> parse_places(["52.5,13.4,level=850"]).columns
    {'lat': ('52.5',), 'lon': ('13.4',), 'level': ('850',)}

    Raises
    ------
    UsageError
        If a text is none of these, a file cannot be read, or the places do not all have the same
        coordinates.
    """
    rows = [row for text in texts for row in (_of_file if text[:1] == "@" else _of_text)(text)]
    if not rows:
        raise UsageError(f"--at: {', '.join(texts)} has no places; {_WANTED}")
    first = rows[0]
    for row in rows[1:]:
        if set(row) != set(first):
            raise UsageError(
                f"--at: one place has {', '.join(first)}, another {', '.join(row)}; wanted the "
                "same for all"
            )
    columns = {name: tuple(row[name] for row in rows) for name in first}
    return Places(columns, any(text[:1] == "@" for text in texts))


def _of_text(text: str) -> Iterator[dict[str, str]]:
    row: dict[str, str] = {}
    is_named = False
    for position, part in enumerate(text.split(",")):
        name, equals, value = (piece.strip() for piece in part.rpartition("="))
        is_named = is_named or bool(equals)
        if not is_named and position < len(_ORDER):
            name = _ORDER[position]
        if not name or not value or name in row:
            raise UsageError(f"--at: found {text!r}; {_WANTED}")
        row[name] = value
    yield row


def _of_file(text: str) -> Iterator[dict[str, str]]:
    path = Path(text[1:]).expanduser()
    try:
        # Spreadsheets put a mark before the first name.
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as err:
        reason = getattr(err, "strerror", None) or err
        raise UsageError(f"--at: {path} cannot be read: {reason}; {_WANTED}") from err
    numbered = [(n, row) for n, row in enumerate(csv.reader(lines), 1) if any(map(str.strip, row))]
    if len(numbered) < 2:
        raise UsageError(
            f"--at: {path} has no places; wanted a first line of names, such as name,lat,lon,time, "
            "and a line for each place"
        )
    names = [name.strip() for name in numbered[0][1]]
    if not all(names) or len(set(names)) != len(names):
        raise UsageError(
            f"--at: the first line of {path} is {','.join(names)}; wanted names that differ, such "
            "as name,lat,lon,time"
        )
    for number, row in numbered[1:]:
        if len(row) != len(names):
            raise UsageError(
                f"--at: line {number} of {path} has {len(row)} values, the first line "
                f"{len(names)} names"
            )
        yield dict(zip(names, map(str.strip, row), strict=True))
