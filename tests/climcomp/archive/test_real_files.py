"""Claims about real files: what is carried over, xarray reads from the archive as from the file."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
import xarray as xr

from climcomp.archive import ArraySpec, open_archive, open_store, publish, write_whole

LARGEST_BYTES = 1 << 20


def carry_over(group: netCDF4.Dataset, folder: str, target: Path) -> None:
    """Every variable of at most LARGEST_BYTES of a group and the groups below it."""
    store = open_store(target)
    specs: list[ArraySpec] = []
    entries = []
    groups: dict[str, dict[str, Any]] = {}
    todo = [(folder, group)]
    while todo:
        path, group = todo.pop()
        groups[path] = {key: group.getncattr(key) for key in group.ncattrs()}
        todo += [(f"{path}/{name}".lstrip("/"), child) for name, child in group.groups.items()]
        for name, variable in group.variables.items():
            if variable.size * 8 > LARGEST_BYTES:
                continue
            values = np.asarray(variable[...])
            values = values.astype(values.dtype.newbyteorder("="))
            kind = values.dtype.name
            spec = ArraySpec(
                path=f"{path}/{name}".lstrip("/"),
                shape=variable.shape,
                dims=variable.dimensions,
                dtype={"object": "str", "bytes8": "S1"}.get(kind, kind),
                chunk=tuple(max(1, size) for size in variable.shape),
                attributes={key: variable.getncattr(key) for key in variable.ncattrs()},
            )
            specs.append(spec)
            entries += write_whole(store, spec, values)
    publish(store, specs, groups, {}, entries)


def equal(expected: Any, found: Any) -> bool:
    expected, found = np.asarray(expected), np.asarray(found)
    if expected.dtype.kind in "fiu":
        return np.array_equal(expected.astype("f8"), found.astype("f8"), equal_nan=True)
    return bool(expected.tolist() == found.tolist())


@pytest.mark.filterwarnings("ignore::UserWarning:netCDF4")
def test_every_attribute_and_value_of_real_files_comes_back(
    shared_data: Path, tmp_path: Path
) -> None:
    problems = []
    files = sorted([*shared_data.rglob("*.nc*"), *shared_data.rglob("*.cdf")])
    compared = 0
    for number, path in enumerate(files):
        target = tmp_path / f"{number}.zarr"
        with netCDF4.Dataset(path) as file:
            file.set_auto_maskandscale(False)
            file.set_auto_chartostring(False)
            carry_over(file, "", target)
        archive = open_archive(target)
        for group in archive.groups:
            if group in ("climcomp",):
                continue
            # decode_times: some calendars of these files are unknown to xarray.
            options: dict[str, Any] = {"chunks": None, "decode_times": False}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                source = xr.open_dataset(path, engine="netcdf4", group=group or None, **options)
            found = xr.open_zarr(target, group=group or None, **options)
            with source, found:
                for key in source.attrs:
                    if not equal(source.attrs[key], found.attrs.get(key)):
                        problems.append(f"{path.name}:{group}: attribute {key}")
                for name, variable in found.variables.items():
                    expected = source.variables[name]
                    same = np.array_equal(
                        expected.values,
                        variable.values,
                        **({"equal_nan": True} if expected.dtype.kind == "f" else {}),
                    )
                    if not same or expected.dims != variable.dims:
                        problems.append(f"{path.name}:{group}: values of {name}")
                    compared += 1 + len(expected.attrs)
                    for key in expected.attrs:
                        if not equal(expected.attrs[key], variable.attrs.get(key)):
                            problems.append(f"{path.name}:{group}: {name}:{key}")
    assert problems == []
    assert compared > 1000
