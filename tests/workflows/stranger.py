"""A reader of archives that never names climcomp: compares what xarray gives with the source.

Runs as a process of its own: one JSON request a line on standard input, one JSON list of what
differs a line on standard output. `tests/workflows/conftest.py` starts it.

A request has `archive` and `groups`, a list of {"group", "source", "source_group", "engine"}, and
`lossy`, by path in the archive {"kind", "bounds", "levels", "decoded"}: the bound of each level (or
one for all), the axes that count as levels, and whether packed integers were unpacked.
"""

from __future__ import annotations

import json
import re
import sys
import traceback
import warnings
from typing import Any

import numpy as np
import xarray as xr

# What xarray takes out of the attributes when it decodes; sizes and filters are the archive's own.
ENCODED = (
    "_FillValue", "missing_value", "scale_factor", "add_offset", "_Unsigned", "units", "calendar",
    "coordinates", "grid_mapping",
)  # fmt: skip
PACKED = {"scale_factor", "add_offset", "_FillValue", "missing_value", "_Unsigned",
          "valid_min", "valid_max", "valid_range"}  # fmt: skip
LOSSY = "lossy_compression"


def same(a: Any, b: Any) -> bool:
    """Whether two attributes are equal; JSON has lists for arrays and float64 for all floats."""
    if isinstance(a, str | bytes | None) or isinstance(b, str | bytes | None):
        return type(a) is type(b) and a == b
    x, y = np.asarray(a), np.asarray(b)
    if x.dtype.kind in "biuf" and y.dtype.kind in "biuf":
        return x.reshape(-1).shape == y.reshape(-1).shape and np.array_equal(
            x.reshape(-1).astype("f8"), y.reshape(-1).astype("f8"), equal_nan=True
        )
    return bool(x.tolist() == y.tolist())


def bits(values: Any) -> Any:
    """Values that compare bit by bit; texts as they are."""
    array = np.asarray(values)
    if array.dtype.kind in "OUT":
        return array.astype(object)
    return np.ascontiguousarray(array.astype(array.dtype.newbyteorder("="), copy=False)).tobytes()


def equal_bits(a: Any, b: Any) -> bool:
    x, y = bits(a), bits(b)
    return x == y if isinstance(x, bytes) else bool(np.array_equal(x, y))


def words(warning: warnings.WarningMessage) -> tuple[type[Warning], str]:
    """A warning as it is said, but that numbers of JSON are float64 where a file has float32."""
    text = re.sub(r"np\.float\d+\(([^)]*)\)", lambda m: f"{float(m[1]):.6g}", str(warning.message))
    return warning.category, text


class Comparison:
    """One group of an archive against the group of the source that it was made from."""

    def __init__(self, place: dict[str, Any], archive: str, lossy: dict[str, Any]) -> None:
        self.place, self.archive, self.lossy = place, archive, lossy
        self.problems: list[str] = []

    def say(self, text: str) -> None:
        self.problems.append(f"{self.place['group'] or '/'}: {text}")

    def open_both(self, **options: Any) -> tuple[xr.Dataset, xr.Dataset]:
        """The source and the archive; the archive may warn of nothing that the source does not."""
        options |= {"chunks": None}
        source_options = {"group": self.place["source_group"] or None, **options}
        with warnings.catch_warnings(record=True) as of_source:
            warnings.simplefilter("always")
            source = self.open_source(source_options)
        known = {words(w) for w in of_source}
        with warnings.catch_warnings(record=True) as of_archive:
            warnings.simplefilter("always")
            archive = xr.open_zarr(self.archive, group=self.place["group"] or None, **options)
        for warning in of_archive:
            if words(warning) not in known:
                self.say(f"warning on opening: {warning.category.__name__}: {warning.message}")
        return source, archive

    def open_source(self, options: dict[str, Any]) -> xr.Dataset:
        """The source's file; several files are joined by xarray itself."""
        files, engine = self.place["source"], self.place["engine"]
        if engine == "zarr":
            return xr.open_zarr(files[0], **options)
        if len(files) == 1:
            return xr.open_dataset(files[0], engine=engine, **options)
        many = {**options, "chunks": {}, "data_vars": "minimal", "coords": "minimal"}
        joined = xr.open_mfdataset(
            files, engine=engine, compat="override", combine_attrs="override", **many
        )
        return joined.load()

    def run(self) -> None:
        options = {"decode_times": True}
        try:
            source, archive = self.open_both(**options)
        except (ValueError, OverflowError) as error:
            if "unable to decode time" not in str(error) and "decode" not in str(error):
                raise
            options = {"decode_times": False}
            source, archive = self.open_both(**options)
        with source, archive:
            self.datasets(source, archive)
            for name in set(source.variables) & set(archive.variables):
                self.decoded(str(name), source.variables[name], archive.variables[name])
        source, archive = self.open_both(decode_cf=False)
        with source, archive:
            for name in set(source.variables) & set(archive.variables):
                self.raw(str(name), source.variables[name], archive.variables[name])

    def path(self, name: str) -> str:
        return f"{self.place['group']}/{name}" if self.place["group"] else name

    def datasets(self, source: xr.Dataset, archive: xr.Dataset) -> None:
        for what in ("variables", "coords"):
            a, b = set(getattr(source, what)), set(getattr(archive, what))
            if a != b:
                self.say(f"{what}: lost {sorted(map(str, a - b))}, new {sorted(map(str, b - a))}")
        if dict(source.sizes) != dict(archive.sizes):
            self.say(f"sizes {dict(source.sizes)} became {dict(archive.sizes)}")
        self.attributes("global", source.attrs, archive.attrs)

    def attributes(self, name: str, ours: dict[Any, Any], theirs: dict[Any, Any]) -> None:
        if set(ours) != set(theirs):
            self.say(f"{name}: attributes {sorted(map(str, set(ours) ^ set(theirs)))} differ")
        for key in set(ours) & set(theirs):
            if not same(ours[key], theirs[key]):
                self.say(f"{name}: attribute {key} was {ours[key]!r}, is {theirs[key]!r}")

    def decoded(self, name: str, source: xr.Variable, archive: xr.Variable) -> None:
        lossy = self.lossy.get(self.path(name))
        unpacked = lossy is not None and lossy["decoded"]
        found = dict(archive.attrs)
        if (LOSSY in found and LOSSY not in source.attrs) != (lossy is not None and lossy["lost"]):
            self.say(f"{name}: {LOSSY} is {'there' if LOSSY in found else 'absent'}")
        if lossy is not None:
            found.pop(LOSSY, None)
        expected = dict(source.attrs)
        if unpacked:
            for key in PACKED:
                expected.pop(key, None)
        self.attributes(name, expected, found)
        if source.dims != archive.dims or source.shape != archive.shape:
            self.say(f"{name}: {source.sizes} became {archive.sizes}")
            return
        for key in ENCODED:
            a, b = source.encoding.get(key), archive.encoding.get(key)
            if unpacked and key in PACKED:
                continue
            if key == "_FillValue" and b is None and self.hidden_fill(source):
                continue
            if not same(a, b):
                self.say(f"{name}: encoding {key} was {a!r}, is {b!r}")
        # JSON has no float32: a scale_factor of that type comes back as float64, and with it the
        # unpacked values. Their integers are compared bit by bit in `raw`.
        narrow = any(
            np.asarray(source.encoding[key]).dtype == np.float32
            for key in ("scale_factor", "add_offset")
            if source.encoding.get(key) is not None
        )
        texts = {source.dtype.kind, archive.dtype.kind} <= set("OUT")
        if source.dtype != archive.dtype and not narrow and not texts:
            self.say(f"{name}: dtype {source.dtype} became {archive.dtype}")
            return
        x, y = source.values, archive.values
        if lossy is not None and lossy["lost"]:
            self.within(name, x, y, lossy)
        elif narrow and not unpacked:
            scale = float(np.nanmax(np.abs(x), initial=0))
            if not np.allclose(x, y, rtol=0, atol=1e-6 * scale, equal_nan=True):
                self.say(f"{name}: unpacked values differ")
        elif x.dtype.kind == "O" or y.dtype.kind in "OUT":
            if x.astype(object).tolist() != y.astype(object).tolist():
                self.say(f"{name}: values differ")
        elif not equal_bits(x, y):
            self.say(f"{name}: values differ")

    @staticmethod
    def hidden_fill(source: xr.Variable) -> bool:
        """A fill that xarray cannot read from Zarr: of texts, or no number of the stored type."""
        stored = np.dtype(source.encoding.get("dtype", source.dtype))
        if stored.kind in "SUTO" or source.dtype.kind in "SUTO":
            return True
        if source.encoding.get("_FillValue") is None:
            return False
        fill = np.asarray(source.encoding["_FillValue"]).reshape(-1)[0]
        return stored.kind in "iu" and fill.dtype.kind == "f" and not float(fill).is_integer()

    def within(self, name: str, x: Any, y: Any, lossy: dict[str, Any]) -> None:
        """Masks and infinities exactly, all else within the bound of its level."""
        x, y = x.astype("f8"), y.astype("f8")
        for what, a, b in (
            ("NaN", np.isnan(x), np.isnan(y)),
            ("+Inf", x == np.inf, y == np.inf),
            ("-Inf", x == -np.inf, y == -np.inf),
        ):
            if not np.array_equal(a, b):
                self.say(f"{name}: {int((a != b).sum())} places of {what} differ")
        levels = lossy["levels"]
        rest = [axis for axis in range(x.ndim) if axis not in levels]
        count = int(np.prod([x.shape[axis] for axis in levels], dtype=int))
        x, y = (v.transpose(*levels, *rest).reshape(count, -1) for v in (x, y))
        bounds = np.asarray(lossy["bounds"], "f8")[:, None]
        good = np.isfinite(x) & np.isfinite(y)
        error = np.where(good, np.abs(np.where(good, y, 0) - np.where(good, x, 0)), 0)
        allowed = bounds * np.abs(np.where(good, x, 0)) if lossy["relative"] else bounds
        if (error > allowed).any():
            self.say(f"{name}: {int((error > allowed).sum())} values beyond the bound")
        zeros = good & (x == 0)
        if lossy["zeros_exact"] and (y[zeros] != 0).any():
            self.say(f"{name}: zeros are zeros no more")

    def raw(self, name: str, source: xr.Variable, archive: xr.Variable) -> None:
        lossy = self.lossy.get(self.path(name))
        if lossy is not None and (lossy["lost"] or lossy["decoded"]):
            return
        kinds = {source.dtype.kind, archive.dtype.kind}
        if source.dtype.newbyteorder("=") != archive.dtype and not kinds <= set("OUT"):
            self.say(f"{name}: stored dtype {source.dtype} became {archive.dtype}")
        elif not equal_bits(source.values, archive.values):
            self.say(f"{name}: stored values differ")


def compare(request: dict[str, Any]) -> list[str]:
    problems = []
    for place in request["groups"]:
        comparison = Comparison(place, request["archive"], request["lossy"])
        try:
            comparison.run()
        except Exception:  # whatever xarray raises is a finding, and the next file has its turn
            comparison.say(f"not readable: {traceback.format_exc(limit=-6)}")
        problems += comparison.problems
    named = [m for m in sys.modules if m.startswith(("climcomp_metrics", "climcomp_workflows"))]
    return problems + [f"the reader imported {named}" for _ in named[:1]]


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(compare(json.loads(line))), flush=True)  # noqa: T201
