"""Dates, levels and degrees for the numbers of steps and cells that verdicts name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from climcomp.source import Source, read_time_axis
from climcomp_metrics.clock import DAY_SECONDS, Clock
from climcomp_metrics.domain import Domain
from climcomp_metrics.report import VariableReport
from climcomp_metrics.report.quantity import number_text
from climcomp_workflows.plan.model import VariablePlan

_NO_UNITS = ("", "1", "level", "layer", "sigma_level")

Name = Callable[[int], str]

# A number of a step or cell stands at the start of a text or after one of these.
_BEFORE = r"(?:^|(?<=, )|(?<=; )|(?<= at ))"


class Words:
    """What the steps, levels and cells of one variable are called; lives for one report."""

    def __init__(self, source: Source, variable: VariablePlan, domain: Domain) -> None:
        assert variable.settings is not None
        self._axes = variable.settings.axes
        self._dims = variable.spec.dims
        self._shape = variable.spec.shape
        self._names: dict[str, tuple[Name, int]] = {}
        self._pair: tuple[str, Callable[[int, int], str]] | None = None
        self._dates(source, variable.source_name, domain.clock)
        self._levels(source, variable.source_name)
        self._cells(domain)

    def date(self, step: int) -> str:
        """The date of a time step; empty if it is not known."""
        name, steps = self._names.get("time", (str, 0))
        return name(step) if step < steps else ""

    def level(self, index: int) -> str:
        """A folded level as its coordinate says it, "lev 850 hPa"; empty if it does not."""
        name, levels = self._names.get("level", (str, 0))
        dim = self._dims[self._axes.level[0]] if levels else ""
        return f"{dim} {name(index)}" if index < levels else ""

    def told(self, text: str) -> str:
        """The text with a word behind each number: "time 17 (1860-06-01), level 3 (850 hPa)"."""
        if self._pair is not None:
            pattern, where = self._pair
            text = re.sub(pattern, lambda m: f"{m[0]} ({where(int(m[1]), int(m[2]))})", text)
        for dim, (name, size) in self._names.items():

            def put(match: re.Match[str], name: Name = name, size: int = size) -> str:
                number = int(match[1])
                return f"{match[0]} ({name(number)})" if number < size else match[0]

            text = re.sub(rf"{_BEFORE}{re.escape(dim)} (\d+)\b(?! \()", put, text)
        return text

    def report(self, report: VariableReport) -> VariableReport:
        """The report with words behind all numbers of steps and cells."""
        error = report.error
        if error is not None and error.place:
            error = replace(error, place=self.told(error.place))
        return replace(
            report,
            error=error,
            verdicts=tuple(
                replace(v, place=self.told(v.place), reason=self.told(v.reason))
                for v in report.verdicts
            ),
            attempts=tuple(
                replace(a, failed=tuple(map(self.told, a.failed))) for a in report.attempts
            ),
            fallbacks=tuple(map(self.told, report.fallbacks)),
        )

    def _dates(self, source: Source, name: str, clock: Clock | None) -> None:
        position = self._axes.time
        if position is None or clock is None:
            return
        dates = read_time_axis(source, name).dates
        assert dates is not None  # the clock is made of them
        with_hours = clock.usual_step_seconds < DAY_SECONDS - 1.0

        def date_of(step: int) -> str:
            day, _, hour = dates[step].isoformat().partition("T")
            return f"{day} {hour[:5]}" if with_hours else day

        for dim in {self._dims[position], "time"}:
            self._names[dim] = (date_of, len(dates))

    def _levels(self, source: Source, name: str) -> None:
        for position in self._axes.level:
            values = _coordinate(source, name, self._dims[position], self._shape[position])
            if values is not None:
                self._names[self._dims[position]] = (values.__getitem__, len(values))
        if len(self._axes.level) == 1:
            found = self._names.get(self._dims[self._axes.level[0]])
            if found is not None:
                self._names["level"] = found

    def _cells(self, domain: Domain) -> None:
        lat, lon, axes = domain.lat, domain.lon, self._axes
        if lat is None or lon is None:
            return
        if axes.cell is not None and lat.shape == lon.shape == (self._shape[axes.cell],):
            dim = self._dims[axes.cell]
            self._names[dim] = (lambda cell: _degrees(lat[cell], lon[cell]), lat.size)
        elif axes.y is not None and axes.x is not None:
            y, x = self._dims[axes.y], self._dims[axes.x]
            if lat.ndim == 1:
                self._names[y] = (lambda row: _north(lat[row]), lat.size)
                self._names[x] = (lambda column: _east(lon[column]), lon.size)
            else:
                pattern = rf"{_BEFORE}{re.escape(y)} (\d+), {re.escape(x)} (\d+)\b(?! \()"
                self._pair = pattern, lambda j, i: _degrees(lat[j, i], lon[j, i])


def _coordinate(source: Source, variable: str, dim: str, size: int) -> list[str] | None:
    """The values of a level dimension as texts with their unit."""
    group = variable.rpartition("/")[0]
    candidates: Iterable[str] = (f"{group}/{dim}", dim) if group else (dim,)
    for name in candidates:
        found = source.variables.get(name)
        if found is None or found.shape != (size,):
            continue
        unit = str(found.attributes.get("units", "")).strip()
        values: NDArray[np.generic] = source.read(name)
        if values.dtype.kind in "iuf":
            numbers = [number_text(float(v), 4) for v in values]
            return numbers if unit in _NO_UNITS else [f"{number} {unit}" for number in numbers]
        if values.dtype.kind in "SUO":
            return [
                v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in values
            ]
    return None


def _north(lat: float) -> str:
    return f"{abs(lat):.1f}°{'N' if lat >= 0 else 'S'}"


def _east(lon: float) -> str:
    east = (lon + 180.0) % 360.0 - 180.0
    return f"{abs(east):.1f}°{'E' if east >= 0 else 'W'}"


def _degrees(lat: float, lon: float) -> str:
    known = bool(np.isfinite(lat) and np.isfinite(lon))
    return f"{_north(lat)}, {_east(lon)}" if known else "place unknown"
