"""The gate against codecs that lie: what they return is never published."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import xarray as xr

from climcomp import archive
from climcomp.bounds import ErrorBound
from climcomp.codecs import registry
from climcomp.errors import BoundNotKept, CodecError
from climcomp_workflows.recipe import Recipe
from climcomp_workflows.run import RunOutcome, run_recipe
from climcomp_workflows.verify import verify_archive

MakeRecipe = Callable[..., Recipe]
BOUND = 0.5


KEPT: dict[int, np.ndarray] = {}


@dataclass(frozen=True)
class Remembering:
    """Keeps what it was given in this process, and returns it after `lie`.

    Its payload is 8 bytes, so that the race always takes it.
    """

    race: str = "full"

    name: ClassVar[str] = "liar"
    kinds: ClassVar[frozenset[str]] = frozenset({"absolute"})
    library: ClassVar[str] = "numpy"

    def library_version(self) -> str:
        return np.__version__

    def encode(self, values: np.ndarray, bound: ErrorBound | None) -> bytes:
        KEPT[len(KEPT)] = values.copy()
        return (len(KEPT) - 1).to_bytes(8, "little")

    def decode(self, payload: bytes, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        return self.lie(KEPT[int.from_bytes(bytes(payload), "little")].copy())

    def lie(self, values: np.ndarray) -> np.ndarray:
        return values


class Zeros(Remembering):
    def lie(self, values: np.ndarray) -> np.ndarray:
        return np.zeros_like(values)


class Noise(Remembering):
    def lie(self, values: np.ndarray) -> np.ndarray:
        noise = np.random.default_rng(5).normal(0, BOUND, values.shape)
        return (values + noise).astype(values.dtype)


class Shift(Remembering):
    def lie(self, values: np.ndarray) -> np.ndarray:
        return values + values.dtype.type(1.5 * BOUND)


class OneValue(Remembering):
    def lie(self, values: np.ndarray) -> np.ndarray:
        values.reshape(-1)[values.size // 2] += values.dtype.type(1.01 * BOUND)
        return values


class MovedMask(Remembering):
    def lie(self, values: np.ndarray) -> np.ndarray:
        values.reshape(-1)[7] = np.nan
        return values


class Infinite(Remembering):
    def lie(self, values: np.ndarray) -> np.ndarray:
        values.reshape(-1)[7] = np.inf
        return values


class Crashing(Remembering):
    """Works on the three blocks that the plan samples, and on no other."""

    def decode(self, payload: bytes, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        if int.from_bytes(bytes(payload), "little") >= 3:
            raise CodecError("the stream is not mine")
        return super().decode(payload, shape, dtype)

    def lie(self, values: np.ndarray) -> np.ndarray:
        return values


class ClippedTail(Remembering):
    """Within the bound everywhere, but the warmest values are lowered by nearly all of it."""

    def lie(self, values: np.ndarray) -> np.ndarray:
        top = np.quantile(values, 0.99)
        return np.where(values > top, values - values.dtype.type(0.9 * BOUND), values)


class Bias(Remembering):
    """Within the bound everywhere, and always on the same side."""

    def lie(self, values: np.ndarray) -> np.ndarray:
        return values - values.dtype.type(0.5 * BOUND)


BREAK_THE_PROMISE = [Zeros, Noise, Shift, OneValue, MovedMask, Infinite, Crashing]
BREAK_THE_SCIENCE = [ClippedTail, Bias]


@pytest.fixture
def lying(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[type], None]]:
    """Makes a class of this module the codec `sz3`, as a broken library would."""

    def install(liar: type) -> None:
        class AsSz3(liar):  # type: ignore[misc, valid-type]
            name: ClassVar[str] = "sz3"
            order: Any = None

            def __init__(self, **settings: object) -> None:
                super().__init__()

        monkeypatch.setattr(registry, "codec_class", registry.codec_class)
        registry.codec_class.cache_clear()
        original = registry.codec_class

        def codec_class(name: str) -> type:
            return AsSz3 if name == "sz3" else original(name)

        monkeypatch.setattr(registry, "codec_class", codec_class)
        monkeypatch.setattr("climcomp.frame.codec_class", codec_class)
        monkeypatch.setattr("climcomp_workflows.plan.choose.choose_settings", lambda *_: AsSz3())

    yield install
    KEPT.clear()


def _run(liar: type, lying: Callable[[type], None], recipe: Recipe) -> RunOutcome:
    lying(liar)
    return run_recipe(recipe)


def _recipe(make_recipe: MakeRecipe, source: Path, extra: str = "") -> Recipe:
    return make_recipe(
        source, f"variables: {{tas: {{bound: {BOUND} K, codecs: [sz3], rounding: none{extra}}}}}\n"
    )


def _believe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the plan from looking at its samples."""
    monkeypatch.setattr("climcomp_workflows.plan.chosen._searched", lambda *_: [])
    monkeypatch.setattr("climcomp_workflows.plan.confirm.first_rung", lambda *_: (0, ()))


@pytest.mark.parametrize("liar", BREAK_THE_PROMISE, ids=lambda liar: liar.__name__)
def test_a_codec_that_breaks_its_promise_is_left_for_lossless(
    liar: type,
    lying: Callable[[type], None],
    source: Path,
    make_recipe: MakeRecipe,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The plan would see through it on its samples; this is about what the shards are protected by.
    _believe(monkeypatch)
    outcome = _run(liar, lying, _recipe(make_recipe, source))
    with xr.open_zarr(outcome.store) as stored, xr.open_dataset(source) as original:
        np.testing.assert_array_equal(stored.tas.values, original.tas.values)
    assert outcome.report is not None
    report = next(v for v in outcome.report.variables if v.name == "tas")
    assert report.how == "lossless"
    assert any("BoundNotKept" in text and "shard" in text for text in report.fallbacks)
    assert verify_archive(outcome.store, source=True).ok


@pytest.mark.parametrize("liar", BREAK_THE_SCIENCE, ids=lambda liar: liar.__name__)
def test_a_codec_within_its_bound_that_harms_the_climate_is_left_for_lossless(
    liar: type,
    lying: Callable[[type], None],
    source: Path,
    make_recipe: MakeRecipe,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _believe(monkeypatch)
    outcome = _run(liar, lying, _recipe(make_recipe, source))
    with xr.open_zarr(outcome.store) as stored, xr.open_dataset(source) as original:
        np.testing.assert_array_equal(stored.tas.values, original.tas.values)
    assert outcome.report is not None
    report = next(v for v in outcome.report.variables if v.name == "tas")
    assert len(report.attempts) >= 2
    assert report.attempts[0].failed


def test_a_variable_that_may_not_be_lossless_is_refused(
    lying: Callable[[type], None],
    source: Path,
    make_recipe: MakeRecipe,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _believe(monkeypatch)
    outcome = _run(Bias, lying, _recipe(make_recipe, source, ", on_fail: refuse"))
    assert outcome.refused == ("tas",)
    with xr.open_zarr(outcome.store) as stored:
        assert "tas" not in stored
        assert "time" in stored.variables
    assert not verify_archive(outcome.store, source=True).ok  # the originals must be kept


def test_the_samples_see_through_a_liar_before_the_run_begins(
    lying: Callable[[type], None], source: Path, make_recipe: MakeRecipe
) -> None:
    outcome = _run(Bias, lying, _recipe(make_recipe, source))
    assert outcome.report is not None
    report = next(v for v in outcome.report.variables if v.name == "tas")
    assert report.how == "lossless"
    assert any("on the samples" in note for note in report.notes)


def test_a_lossless_codec_that_lies_stops_the_run_and_publishes_nothing(
    source: Path, make_recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    original = archive.read_shard

    def flipped(*arguments: Any) -> np.ndarray:
        values = np.array(original(*arguments))
        values.reshape(-1)[3] += 1
        return values

    monkeypatch.setattr("climcomp_workflows.shard.compress.read_shard", flipped)
    with pytest.raises(BoundNotKept, match="tas shard"):
        run_recipe(_recipe(make_recipe, source))
    assert not (tmp_path / "out.zarr" / "zarr.json").exists()
