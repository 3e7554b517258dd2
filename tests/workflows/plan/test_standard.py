"""Lossless coding: what every Zarr reader knows, or climcomp's own where it is smaller."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numcodecs.blosc import NOSHUFFLE, Blosc
from numpy.typing import NDArray

from climcomp.archive import ArraySpec
from climcomp.source import SourceVariable
from climcomp_workflows.plan.standard import HARDEST_LEVEL, USUAL_LEVEL, smallest_lossless

from .conftest import described, waves


class Holding:
    def __init__(self, values: NDArray[Any]) -> None:
        self.values = values

    def read(self, name: str, region: tuple[slice, ...]) -> NDArray[Any]:
        return self.values[region]


def choose(
    values: NDArray[Any], codec: Any = "standard", storage: int | None = None
) -> tuple[ArraySpec, int]:
    dims = ("time", "lat", "lon")[: values.ndim]
    variable: SourceVariable = replace(
        described(values.shape, None, dims, values.dtype.str),
        storage_bytes=values.nbytes if storage is None else storage,
    )
    chunk = tuple(max(1, n) for n in values.shape)
    spec = ArraySpec("v", values.shape, dims, values.dtype.name, chunk, codec=codec)
    return smallest_lossless(spec, Holding(values), variable)  # type: ignore[arg-type]


def test_repeated_bytes_need_no_shuffle() -> None:
    pattern = np.tile(np.random.default_rng(1).integers(0, 1 << 30, 97, np.int32), 500)
    spec, size = choose(pattern)
    assert spec.shuffle == "noshuffle"
    assert size == len(Blosc("zstd", USUAL_LEVEL, NOSHUFFLE).encode(pattern))


def test_numbers_that_grow_are_shuffled() -> None:
    spec, _ = choose(np.arange(50_000, dtype=np.int32))
    assert spec.shuffle in ("shuffle", "bitshuffle")
    assert spec.level == USUAL_LEVEL


def test_data_stay_with_climcomps_own_codec_only_where_it_is_smaller() -> None:
    spec, size = choose(waves((20, 40, 60)), "block")
    assert spec.codec == "block"
    assert size < 20 * 40 * 60 * 4
    spec, _ = choose(np.zeros((20, 40, 60), np.float32), "block", storage=1)
    assert spec.codec == "standard"


def test_the_hardest_level_is_for_what_would_outgrow_its_source() -> None:
    values = np.arange(50_000, dtype=np.int32)
    assert choose(values, storage=10)[0].level == HARDEST_LEVEL
    assert choose(values, storage=10**6)[0].level == USUAL_LEVEL


def test_texts_and_empty_arrays_are_left_alone() -> None:
    spec, size = choose(np.zeros((0, 4), np.float32), storage=0)
    assert (spec.shuffle, size) == ("shuffle", 0)


def test_the_estimate_is_of_all_of_the_variable() -> None:
    noise = np.random.default_rng(3).integers(0, 1 << 31, 6 << 20, np.int32)
    _, size = choose(noise)
    assert 0.9 < size / noise.nbytes < 1.1
