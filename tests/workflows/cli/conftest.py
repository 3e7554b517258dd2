"""Small published archives, made through climcomp.archive alone, and the program itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from climcomp.archive import ArraySpec, open_store, publish, write_whole
from climcomp.bounds import ErrorBound
from climcomp.codecs import get_codec
from climcomp.frame import BlockEncoding, encode_block
from climcomp_workflows.cli import main

# By path: dims, values, attributes.
Content = Mapping[str, tuple[tuple[str, ...], Any, dict[str, Any]]]
MakeArchive = Callable[..., Path]
COLUMNS = np.arange(0, 360, 10.0)
ROWS = np.arange(80, -81, -20.0).astype("f4")
FILL = np.float32(1e20)


@dataclass(frozen=True)
class Said:
    """What the program said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as the one JSON document that it has to be."""
        found: dict[str, Any] = json.loads(self.out)
        return found


@pytest.fixture
def climcomp(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run the program in this process: `climcomp("get", path, ...)`."""

    def call(*arguments: object) -> Said:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        found = capsys.readouterr()
        return Said(code, found.out, found.err)

    return call


def _dtype_name(array: np.ndarray) -> str:
    if array.dtype == object:
        return "str"
    return array.dtype.str.lstrip("|") if array.dtype.kind == "S" else array.dtype.name


@pytest.fixture
def make_archive(tmp_path: Path) -> MakeArchive:
    """Publish an archive; `layout` has options of ArraySpec, `bounds` those of SZ3, by path.

    `codecs` has other codecs than SZ3 for these.
    """

    def make(
        content: Content,
        *,
        name: str = "archive.zarr",
        groups: Mapping[str, dict[str, Any]] | None = None,
        unlimited: Mapping[str, tuple[str, ...]] | None = None,
        layout: Mapping[str, dict[str, Any]] | None = None,
        documents: Mapping[str, bytes] | None = None,
        bounds: Mapping[str, float] | None = None,
        codecs: Mapping[str, Any] | None = None,
    ) -> Path:
        store = open_store(tmp_path / name)
        specs, entries = [], []
        for path, (dims, values, attributes) in content.items():
            array = np.asarray(values)
            whole = {"chunk": tuple(max(1, n) for n in array.shape)}
            spec = ArraySpec(
                path=path,
                shape=array.shape,
                dims=dims,
                dtype=_dtype_name(array),
                attributes=attributes,
                **{**whole, **(layout or {}).get(path, {})},
            )
            encoder = None
            if path in (bounds or {}):
                bound = ErrorBound("absolute", (bounds or {})[path])
                fills = tuple(float(v) for k, v in attributes.items() if k == "_FillValue")
                codec = (codecs or {}).get(path, get_codec("sz3"))
                encoder = partial(encode_block, encoding=BlockEncoding(codec, bound, exact=fills))
            entries += write_whole(store, spec, array, encoder)
            specs.append(spec)
        publish(
            store,
            specs,
            {"": {"title": "a test"}, **(groups or {})},
            documents or {},
            entries,
            unlimited=unlimited,
        )
        return store.root

    return make


@pytest.fixture
def content() -> dict[str, tuple[tuple[str, ...], Any, dict[str, Any]]]:
    """Two years of months on a 360-day calendar, two levels, a grid of 20 by 10 degrees."""
    values = np.random.default_rng(0).normal(280, 5, (24, 2, ROWS.size, COLUMNS.size))
    values = values.astype("f4")
    values[:, :, 0, 0] = FILL
    months = np.arange(24) * 30.0
    return {
        "tas": (
            ("time", "lev", "lat", "lon"),
            values,
            {
                "units": "K",
                "_FillValue": FILL,
                "missing_value": FILL,
                "coordinates": "height",
                "grid_mapping": "crs",
                "cell_measures": "area: areacella",
                "number": np.int16(3),
                "pair": np.array([1.5, 2.5], "f4"),
            },
        ),
        "time": (
            ("time",),
            months + 15,
            {"units": "days since 2000-01-01", "calendar": "360_day", "bounds": "time_bnds"},
        ),
        "time_bnds": (("time", "bnds"), np.stack([months, months + 30], 1), {}),
        "lev": (("lev",), np.array([850.0, 500.0]), {"units": "hPa", "positive": "down"}),
        "lat": (("lat",), ROWS, {"units": "degrees_north"}),
        "lon": (("lon",), COLUMNS, {"units": "degrees_east", "bounds": "lon_bnds"}),
        "lon_bnds": (("lon", "bnds"), np.stack([COLUMNS - 5, COLUMNS + 5], 1), {}),
        "height": ((), np.float64(2.0), {"units": "m"}),
        "crs": ((), np.int32(0), {"grid_mapping_name": "latitude_longitude"}),
        "areacella": (("lat", "lon"), np.ones((ROWS.size, COLUMNS.size)), {"units": "m2"}),
        "orog": (("lat", "lon"), np.ones((ROWS.size, COLUMNS.size), "f4"), {"units": "m"}),
    }


TAS_LAYOUT = {"tas": {"chunk": (4, 1, 9, 18), "shard": (8, 2, 9, 36), "codec": "block"}}


@pytest.fixture
def archive(make_archive: MakeArchive, content: Content) -> Path:
    """The published archive of `content`, temperature within 0.01 K in shards."""
    return make_archive(content, unlimited={"": ("time",)}, layout=TAS_LAYOUT, bounds={"tas": 0.01})
