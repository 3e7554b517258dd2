"""The declaration of a metric of one's own: what a recipe says of it, and its code."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from climcomp.errors import MetricError
from climcomp_metrics.base import Criterion

OWN_PREFIX = "X-"
"""The ids of metrics of one's own begin so; no row of METRICS does."""

Over = Literal["worst", "mean"]


@dataclass(frozen=True, slots=True)
class OwnMetric:
    """A function or class in a file of a scientist's own, with the limits on its value.

    Parameters
    ----------
    name
        Of the function or class; "X-name" is the id of the criterion.
    file, sha256
        The file's name, for people, and the checksum of its text.
    warn, fail
        Limits; without `fail` it is reported and never blocks, unless it cannot be computed.
    least
        Whether large values are good (a score). Otherwise the size of the value is judged, so that
        a bias of -5 K is no better than one of 5 K.
    every
        It is measured on one in so many time steps of each level, but on 32 fields at least.
    over
        Of a function's values by field: the worst of a level, or their mean.
    code
        The file's text; empty where nobody allowed it to run. Never stored with the declaration.
    """

    name: str
    file: str
    sha256: str
    unit: str = "1"
    warn: float | None = None
    fail: float | None = None
    least: bool = False
    every: int = 1
    over: Over = "worst"
    code: str = field(default="", repr=False, compare=False)

    @property
    def id(self) -> str:
        """The id of its criterion."""
        return OWN_PREFIX + self.name

    @property
    def criterion(self) -> Criterion:
        """The row that it adds to the table of criteria."""
        return Criterion(
            id=self.id,
            name=self.name.replace("_", " "),
            meaning=f"{self.name} of {self.file} changed",
            classes="CPB",
            metric="",
            unit=self.unit,
            warn=self.warn,
            fail=self.fail,
            source=self.file,
            least=self.least,
            origin="recipe",
        )

    def to_dict(self) -> dict[str, object]:
        """The declaration as JSON stores it, without the code."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "code"}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> OwnMetric:  # Any: parsed JSON
        """The declaration that `to_dict` gave; its code is not there, so it will not run."""
        return cls(**stored)


MOST_BYTES = 1_000_000
"""Of a file: its text is kept in the plan and with the archive."""


def read_code(path: Path) -> str:
    """The text of a file of Python.

    Raises
    ------
    MetricError
        If it cannot be read, has over a million bytes or is no UTF-8.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise MetricError(
                f"{path} has over {MOST_BYTES:,} bytes, which is too much to be kept with an "
                "archive: is it a file of Python?"
            )
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise MetricError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise MetricError(f"{path} is no text in UTF-8, wanted a file of Python") from error


def checksum(code: str) -> str:
    """SHA-256 of a file's text as it is stored, in hexadecimal."""
    return hashlib.sha256(code.encode()).hexdigest()


def read_own_metric(
    file: str | Path,
    name: str,
    *,
    unit: str = "1",
    warn: float | None = None,
    fail: float | None = None,
    least: bool = False,
    every: int = 1,
    over: Over = "worst",
) -> OwnMetric:
    """A metric of a file, to be tried with `climcomp_metrics.compare` before a recipe names it.

    Parameters are those of `OwnMetric`.

    Raises
    ------
    MetricError
        If the file cannot be read or run, or has no such function or class.
    """
    from climcomp_metrics.plugins.code import find_metric

    path = Path(file)
    code = read_code(path)
    own = OwnMetric(name, path.name, checksum(code), unit, warn, fail, least, every, over, code)
    find_metric(own)
    return own
