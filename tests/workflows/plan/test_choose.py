"""The race of codecs on sample blocks: the smallest wins, and lossless may."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from climcomp.bounds import ErrorBound
from climcomp_workflows.plan import choose
from climcomp_workflows.plan.choose import (
    Race,
    Trial,
    race,
)
from climcomp_workflows.plan.ladder import LevelBounds, make_ladder
from climcomp_workflows.plan.later import encode_at, standard_size
from climcomp_workflows.plan.pieces import PIECE_VALUES, SampleBlock, piece

from .conftest import waves

SMOOTH = waves((8, 40, 60), noise=0.02)
NAN = float("nan")


def block(values: np.ndarray = SMOOTH, bound: float = 0.05, kind: Any = "absolute") -> SampleBlock:
    return SampleBlock(values, ErrorBound(kind, bound))


def run(
    blocks: list[SampleBlock], codecs: tuple[str, ...] = ("sz3", "zfp"), rounding: Any = "none"
) -> Race:
    return race(blocks, codecs, 10**6, (), NAN, rounding)


def test_the_smallest_wins_and_lossless_runs_too() -> None:
    found = run([block()], ("sz3", "zfp", "rounding"))
    assert {t.codec for t in found.trials} == {"sz3", "zfp", "rounding", "lossless"}
    assert [t.size_bytes for t in found.trials] == sorted(t.size_bytes for t in found.trials)
    assert found.best.codec == "sz3"


def test_lossless_wins_on_values_that_are_few() -> None:
    repeated = np.tile(np.float32([1, 2, 3, 4]), (4, 30, 30))
    found = run([block(repeated, bound=1e-6)])
    assert found.best.codec == "lossless"
    assert found.why_lossless == "nothing lossy makes the samples smaller within the bound"


def test_a_codec_that_refuses_the_blocks_is_left_out_and_named() -> None:
    found = run([block(bound=1e-9)])
    assert [t.codec for t in found.trials] == ["lossless"]
    assert "sz3:" in found.why_lossless
    assert "no codec can keep the bound" in found.why_lossless
    assert "refused" in found.in_words()


def test_the_tightest_bound_of_the_blocks_is_each_blocks_own() -> None:
    loose = run([block(bound=0.5)], ("sz3",)).best.size_bytes
    tight = run([block(bound=0.005)], ("sz3",)).best.size_bytes
    both = run([block(bound=0.5), block(bound=0.005)], ("sz3",)).best.size_bytes
    assert both == loose + tight


@pytest.mark.parametrize(("rounded", "kept"), [(980, True), (995, False)])
def test_rounding_first_is_kept_only_if_it_saves_one_per_cent(
    rounded: int, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def attempt(
        blocks: Any, codec: str, settings: Any, keepbits: int | None, exact: Any, fill: float
    ) -> Trial:
        size = 5000 if codec == "lossless" else 1000 if keepbits is None else rounded
        return Trial(codec, settings, keepbits, size, SMOOTH.nbytes, 0.1)

    monkeypatch.setattr(choose, "_try", attempt)
    best = run([block()], ("zfp",), "auto").best
    assert (best.keepbits is not None) is kept


def test_a_number_of_bits_is_always_rounded_to() -> None:
    found = run([block()], ("sz3",), 16)
    assert found.best.keepbits == 16


def test_rounding_first_leaves_most_of_the_bound_to_the_codec() -> None:
    found = run([block(bound=0.1)], ("zfp",), "auto")
    for trial in found.trials:
        if trial.keepbits is not None:
            # Values to 290 K: rounding to so many bits errs by at most a quarter of 0.1 K.
            assert 256 * 2.0 ** -(trial.keepbits + 1) <= 0.025


def test_large_blocks_race_on_parts_and_the_best_is_measured_whole() -> None:
    large = waves((6, 300, 400), noise=0.02)
    assert large.size > PIECE_VALUES
    found = run([block(large)], ("sz3", "zfp"))
    assert found.best.codec == "sz3"
    assert found.raw_bytes == large.nbytes
    others = [t for t in found.trials if t.codec == "lossless"]
    assert others[0].raw_bytes <= PIECE_VALUES * 4
    assert found.lossless_bytes > others[0].size_bytes


def test_a_part_of_a_block_is_taken_where_it_has_values() -> None:
    ocean = np.full((2, 800, 800), np.nan, np.float32)
    ocean[:, :200, :200] = waves((2, 200, 200))
    part = piece(ocean, 50_000)
    assert part.size <= 50_000
    assert np.isfinite(part).all()


def test_a_part_of_a_block_is_taken_where_its_values_change() -> None:
    ice = np.zeros((2, 800, 800), np.float32)
    ice[:, -200:, -200:] = waves((2, 200, 200))
    part = piece(ice, 50_000)
    assert np.count_nonzero(part) > 0.9 * part.size


def test_ratios_of_parts_do_not_stand_beside_those_of_whole_blocks() -> None:
    found = run([block(waves((6, 300, 400), noise=0.02))], ("sz3", "zfp"))
    whole, parts = found.in_words().split("; on parts of them: ")
    assert whole.startswith("on sample blocks: sz3 ")
    assert "lossless" in parts
    assert "zfp" in parts


def test_later_rungs_are_larger_and_a_refused_one_is_lossless() -> None:
    bounds = LevelBounds((ErrorBound("absolute", 0.05),), "", "")
    ladder = make_ladder("sz3", (), bounds, None, "K", "float32")
    first = run([block()], ("sz3",))
    later = run([block(bound=0.05 / 4)], ("sz3",)).best.size_bytes
    assert encode_at([block()], ladder[1], 1, (), NAN, first) == pytest.approx(later, rel=0.1)
    fine = block(bound=4e-5)
    refused = run([fine], ("sz3",))
    assert encode_at([fine], ladder[1], 1, (), NAN, refused) == refused.lossless_bytes


def test_standard_codecs_are_measured_on_rounded_values() -> None:
    assert standard_size([block(bound=0.5)], (), 0) < standard_size([block(bound=0.005)], (), 0)
    assert standard_size([block(bound=0.5)], (), 1) > standard_size([block(bound=0.5)], (), 0)


def test_the_same_blocks_give_the_same_choice() -> None:
    one, two = (run([block()], ("sz3", "zfp", "rounding"), "auto") for _ in range(2))
    assert [(t.codec, t.settings, t.keepbits, t.size_bytes) for t in one.trials] == [
        (t.codec, t.settings, t.keepbits, t.size_bytes) for t in two.trials
    ]


def still(steps: int) -> np.ndarray:
    """A rough pattern that stays, and little on top of it that changes."""
    pattern = np.random.default_rng(2).standard_normal((80, 100))
    changes = waves((steps, 80, 100), noise=0.0) + 0.3 * np.arange(steps)[:, None, None]
    return (8 * pattern + changes).astype(np.float32)


def test_differences_win_on_a_pattern_that_stays() -> None:
    found = run([block(still(12), 0.01)], ("sz3", "delta"))
    assert found.best.codec == "delta"
    assert found.best.settings == (("axis", 0),)
    assert found.best.raw_bytes == still(12).nbytes
    others = {t.codec: t.size_bytes for t in found.on_whole_blocks}
    assert others["delta"] < 0.9 * others["sz3"]


def test_differences_are_not_taken_where_planes_are_too_few_or_too_small() -> None:
    for values in (still(2), still(12)[:, :20, :20], still(12)[:, 0, 0]):
        assert {t.codec for t in run([block(values)], ("sz3", "delta")).trials} >= {"sz3"}
        assert "delta" not in {t.codec for t in run([block(values)], ("sz3", "delta")).trials}


def test_what_slabs_flatter_still_runs_against_the_best_of_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(choose, "size_of_planes", lambda *given: 10.0)
    found = run([block(waves((6, 80, 100), noise=0.5))], ("sz3", "delta"))
    assert found.best.codec == "sz3"
    assert {t.codec for t in found.on_whole_blocks} >= {"sz3", "delta"}


def test_lossless_may_be_kept_from_winning() -> None:
    whole = np.random.default_rng(1).integers(0, 4, (8, 40, 60)).astype(np.float32)
    assert race([block(whole)], ("sz3",), 10**6, (), NAN, "none").best.codec == "lossless"
    found = race([block(whole)], ("sz3",), 10**6, (), NAN, "none", lossless_may_win=False)
    assert found.best.codec == "sz3"
    assert found.lossless_bytes < found.best.size_bytes
    nothing = race([block(whole)], (), 10**6, (), NAN, "none", lossless_may_win=False)
    assert nothing.best.codec == "lossless"
