"""Metrics of one's own are measured, merged and judged like the others, and fail when they fail."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from functools import reduce

import numpy as np
import pytest

from climcomp_metrics import (
    OwnMetric,
    Place,
    Value,
    Verdict,
    from_bytes,
    judge,
    measure,
    merge,
    summarise,
    to_bytes,
)
from climcomp_metrics.domain import Domain
from climcomp_metrics.field import Axes
from climcomp_metrics.statistics import find_statistic
from tests.conftest import ROOT

MakeOwn = Callable[..., OwnMetric]
Verdicts = Callable[..., dict[str, Verdict]]
SHAPE = (8, 2, 6, 9)


@pytest.fixture(scope="module")
def pair(weather: Callable) -> tuple[np.ndarray, np.ndarray]:
    """Eight steps of two levels; the error of step t is -0.1 t K, twice that on level 1."""
    x = weather(*SHAPE[:1], *SHAPE[2:], levels=2)
    error = np.arange(8)[:, None, None, None] * np.array([1.0, 2.0])[None, :, None, None]
    return x, (x - 0.1 * error).astype(np.float32)


def code_of(body: str) -> str:
    return f"import numpy as np\ndef f(original, decoded, grid):\n    {body}\n"


def test_the_worst_field_is_judged_by_its_size_with_its_sign_time_and_level(
    pair: tuple[np.ndarray, np.ndarray], own: MakeOwn, verdicts_of: Verdicts
) -> None:
    mine = own("bias", unit="K", warn=0.5, fail=2.0)
    found = verdicts_of(*pair, own=(mine,))["X-bias"]
    # Float32 near 280 rounds to 1.5e-5.
    assert found.value == pytest.approx(1.4, abs=1e-4)
    assert found.detail["worst field"] == pytest.approx(-1.4, abs=1e-4)
    assert (found.outcome, found.unit, found.place) == ("warn", "K", "time 7, level 1")
    assert (found.warn, found.fail, found.source) == (0.5, 2.0, "recipe: my_metrics.py")
    assert (found.metric, found.sampled) == ("bias", "")


def test_the_mean_over_fields_is_of_the_worst_level(
    pair: tuple[np.ndarray, np.ndarray], own: MakeOwn, verdicts_of: Verdicts
) -> None:
    found = verdicts_of(*pair, own=(own("bias", over="mean", fail=0.5),))["X-bias"]
    assert found.value == pytest.approx(0.7, abs=1e-4)
    assert (found.outcome, found.place) == ("fail", "level 1")


def test_a_score_is_judged_by_its_smallest_value(
    pair: tuple[np.ndarray, np.ndarray], own: MakeOwn, verdicts_of: Verdicts
) -> None:
    mine = own("likeness", warn=0.9, fail=-0.5, least=True)
    found = verdicts_of(*pair, own=(mine,))["X-likeness"]
    assert found.value == pytest.approx(-0.4, abs=1e-4)
    assert (found.outcome, found.place) == ("warn", "time 7, level 1")


def test_a_class_adds_up_over_the_fields_of_a_level(
    pair: tuple[np.ndarray, np.ndarray], own: MakeOwn, verdicts_of: Verdicts
) -> None:
    found = verdicts_of(*pair, own=(own("SquaredError", fail=1.0),))["X-SquaredError"]
    error = np.diff(np.stack([a.astype(np.float64)[:, 1] for a in pair]), axis=0)
    assert found.value == pytest.approx(float(np.sqrt((error**2).mean())), rel=1e-12)
    assert found.detail["fields"] == 8


def test_without_a_limit_it_is_reported(
    pair: tuple[np.ndarray, np.ndarray], own: MakeOwn, verdicts_of: Verdicts
) -> None:
    assert verdicts_of(*pair, own=(own("bias"),))["X-bias"].outcome == "report"


def test_merging_in_any_order_and_split_gives_the_same_values(
    pair: tuple[np.ndarray, np.ndarray], own: MakeOwn, make_settings: Callable
) -> None:
    names = ("bias", "likeness", "SquaredError", "fragile", "twice", "late")
    mine = tuple(own(name, least=name == "likeness") for name in names)
    settings = make_settings(pair[0], own=mine, shard=SHAPE)
    domain = Domain(np.ones(SHAPE[2:]))

    def values(states: list) -> list[Value]:
        found = summarise(reduce(merge, states), settings, domain)
        return [v for v in found if v.metric.startswith("X-")]

    def part(times: slice, levels: slice) -> dict:
        box = tuple(np.ascontiguousarray(array[times, levels]) for array in pair)
        start = (times.start, levels.start, 0, 0)
        state = measure(*box, settings, domain, Place("tas", start, box[0].shape))  # type: ignore[arg-type]
        return from_bytes(to_bytes(state))

    whole = values([part(slice(0, 8), slice(0, 2))])
    parts = [
        part(slice(a, b), slice(k, k + 1)) for a, b in ((0, 3), (3, 4), (4, 8)) for k in (0, 1)
    ]
    assert len(whole) == 2 * len(names)
    twice = whole[names.index("twice")]
    assert twice.time == 1
    assert twice.reason.startswith("it failed on 2 of its fields, first with ValueError: at 1 (")
    for order in itertools.islice(itertools.permutations(parts), 0, 720, 37):
        for expected, actual in zip(whole, values(list(order)), strict=True):
            np.testing.assert_equal(
                replace(actual, value=0, detail={}), replace(expected, value=0, detail={})
            )
            # Sums of eight numbers in another order.
            assert actual.value == pytest.approx(expected.value, rel=1e-12, nan_ok=True)


def test_sums_of_unlike_shapes_fail_instead_of_adding_up(own: MakeOwn) -> None:
    statistic = find_statistic("own")
    first = {"own/0/X-f/sum.h": np.ones(3), "own/0/X-f/fields": np.ones(1)}
    second = {"own/0/X-f/sum.h": np.ones(4), "own/0/X-f/fields": np.ones(1)}
    total = statistic.merge(first, second)
    assert "sum.h has the shapes (3,) and (4,)" in str(total["own/0/X-f/fault"][0])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return float('nan')", "f gave nan, wanted a finite number, or None for no value"),
        ("return np.inf", "f gave inf"),
        ("return original", "gave an array of shape (6, 9), wanted one number"),
        ("return 'high'", "gave str, wanted one number"),
        ("return 1j", "gave complex, wanted one number"),
        ("return {}", "gave dict, wanted one number"),
        ("return 1 / 0", "ZeroDivisionError: division by zero (my_metrics.py line 3)"),
        ("original[0, 0] = 1", "read-only"),
        ("grid.weights[0] = 1", "read-only"),
        ("grid.name = 'x'", "FrozenInstanceError"),
        ("return np.log(-1.0 + 0 * original).mean()", "f gave nan"),
        ("import sys; sys.exit('enough')", "SystemExit: enough"),
    ],
)
def test_what_is_no_number_fails_with_its_reason(
    pair: tuple[np.ndarray, np.ndarray],
    own: MakeOwn,
    verdicts_of: Verdicts,
    body: str,
    said: str,
) -> None:
    found = verdicts_of(*pair, own=(own("f", code_of(body)),))["X-f"]
    assert found.outcome == "fail"
    assert said in found.reason
    assert "failed on 8 of its fields" in found.reason


@pytest.mark.parametrize(
    ("of", "value", "said"),
    [
        ("3.0", "1.0", "S.of gave float, wanted a dict"),
        ("{}", "1.0", "S.of gave nothing, wanted a dict"),
        ("{'a/b': 1}", "1.0", "names a sum 'a/b', wanted a word"),
        ("{3: 1}", "1.0", "names a sum 3, wanted a word"),
        ("{'a': 'b'}", "1.0", "gave a as <U1, wanted numbers"),
        ("{'a': np.zeros(9999)}", "1.0", "wanted at most 8 for each"),
        ("{'a': np.zeros(grid.time + 1)}", "1.0", "a has the shapes"),
        ("{'a': 1}", "sums['b']", "KeyError: 'b' (my_metrics.py line 6)"),
        ("{'a': 1}", "float('nan')", "S gave nan"),
    ],
)
def test_a_class_that_does_not_add_up_fails_with_its_reason(
    pair: tuple[np.ndarray, np.ndarray],
    own: MakeOwn,
    verdicts_of: Verdicts,
    of: str,
    value: str,
    said: str,
) -> None:
    code = (
        f"import numpy as np\nclass S:\n  def of(self, original, decoded, grid):\n    return {of}\n"
    )
    code += f"  def value(self, sums):\n    return {value}\n"
    found = verdicts_of(*pair, own=(own("S", code),))["X-S"]
    assert found.outcome == "fail"
    assert said in found.reason.replace("its sum.", "its ")


def test_one_field_that_fails_fails_the_metric_and_is_named(
    pair: tuple[np.ndarray, np.ndarray], own: MakeOwn, verdicts_of: Verdicts
) -> None:
    found = verdicts_of(*pair, own=(own("fragile", fail=1.0),))["X-fragile"]
    assert (found.outcome, found.place) == ("fail", "time 5, level 0")
    assert found.reason == (
        "it failed on 1 of its fields, first with ValueError: no front was found "
        "(my_metrics.py line 20)"
    )


def test_none_leaves_a_field_out(
    pair: tuple[np.ndarray, np.ndarray], own: MakeOwn, verdicts_of: Verdicts
) -> None:
    found = verdicts_of(*pair, own=(own("late", over="mean"),))["X-late"]
    assert (found.value, found.detail["fields"]) == (5.0, 5.0)
    nothing = verdicts_of(*pair, own=(own("f", code_of("return None"), fail=1.0),))["X-f"]
    assert (nothing.outcome, nothing.reason) == (
        "n/a", "no field that was measured gave it a value (2 levels)",
    )  # fmt: skip


def test_a_field_without_values_is_not_asked_for(own: MakeOwn, verdicts_of: Verdicts) -> None:
    x = np.full((4, 1, 5, 5), 280.0, np.float32)
    x[:, 0, 0, 0] += np.arange(4)
    x[1] = np.nan
    mine = own("f", code_of("return float(np.isfinite(original).sum())"), over="mean")
    found = verdicts_of(x, x.copy(), own=(mine,))["X-f"]
    assert (found.value, found.detail["fields"]) == (25.0, 3.0)


def test_cells_that_are_missing_in_one_are_missing_in_both(
    own: MakeOwn, verdicts_of: Verdicts
) -> None:
    x = np.arange(25, dtype=np.float32).reshape(1, 1, 5, 5)
    y = x.copy()
    x[0, 0, 0, 0], y[0, 0, 4, 4] = np.nan, np.inf
    body = "return float(np.isnan(original).sum() + 10 * np.isnan(decoded).sum())"
    found = verdicts_of(x, y, own=(own("f", code_of(body)),))["X-f"]
    assert found.value == 22.0


def test_it_is_measured_on_the_time_steps_that_were_asked_for(
    weather: Callable, own: MakeOwn, verdicts_of: Verdicts
) -> None:
    x = weather(256, 5, 6)
    mine = own("late", every=8, over="mean")
    found = verdicts_of(x, x.copy(), own=(mine,))["X-late"]
    assert found.detail["fields"] == 31.0  # every eighth of 256, but for the first, which is None
    assert found.sampled == "one in 8 time steps of each level"
    few = verdicts_of(x[:40], x[:40].copy(), own=(mine,))["X-late"]
    assert few.sampled == ""  # 32 fields at least
    full = verdicts_of(x, x.copy(), own=(mine,), every={"*": 1})["X-late"]
    assert (full.sampled, full.detail["fields"]) == ("", 253.0)


def test_shards_of_pieces_of_fields_are_no_whole_fields(
    pair: tuple[np.ndarray, np.ndarray], own: MakeOwn, verdicts_of: Verdicts
) -> None:
    found = verdicts_of(*pair, own=(own("bias"),), shard=(8, 2, 6, 3))["X-bias"]
    assert found.outcome == "n/a"
    assert (
        "it needs whole fields of 6 x 9 cells, and the shards hold pieces of 6 x 3" in found.reason
    )


def test_code_that_nobody_allowed_does_not_run_and_says_so(
    pair: tuple[np.ndarray, np.ndarray], own: MakeOwn, verdicts_of: Verdicts
) -> None:
    mine = replace(own("bias", fail=0.1), code="")
    found = verdicts_of(*pair, own=(mine,))["X-bias"]
    assert found.outcome == "n/a"
    assert "its code was not run" in found.reason
    assert "your own copy of my_metrics.py" in found.reason


def test_the_cells_of_an_unstructured_grid_are_one_line(
    own: MakeOwn, make_settings: Callable, whole: Callable
) -> None:
    x = np.arange(40, dtype=np.float32).reshape(1, 1, 1, 40) + 280
    code = code_of(
        "assert original.shape == grid.lat.shape == grid.weights.shape == (40,)\n"
        "    return grid.mean(original)"
    )
    axes = Axes(0, (1,), None, None, 2)
    settings = make_settings(x, own=(own("f", code),), axes=axes)
    domain = Domain(np.ones((1, 40)), "unstructured", np.zeros(40), np.zeros(40))
    state = measure(x, x.copy(), settings, domain, whole(x))
    values = {v.metric: v for v in summarise(state, settings, domain)}
    assert values["X-f"].value == pytest.approx(float(x.mean()), rel=1e-6)


def test_the_mean_of_a_grid_without_areas_is_refused(
    pair: tuple[np.ndarray, np.ndarray], own: MakeOwn, make_settings: Callable, whole: Callable
) -> None:
    settings = make_settings(pair[0], own=(own("bias", fail=0.1),))
    state = measure(*pair, settings, Domain(), whole(pair[0]))
    verdicts = {v.criterion: v for v in judge(summarise(state, settings, Domain()), settings)}
    assert verdicts["X-bias"].outcome == "fail"
    assert "has no area weights" in verdicts["X-bias"].reason


def test_a_mean_of_fewer_values_than_cells_is_refused(
    pair: tuple[np.ndarray, np.ndarray], own: MakeOwn, verdicts_of: Verdicts
) -> None:
    code = "def f(original, decoded, grid):\n    return grid.mean(decoded[:, 1:])\n"
    found = verdicts_of(*pair, own=(own("f", code, fail=1.0),))["X-f"]
    assert found.outcome == "fail"
    assert "wanted one for each cell" in found.reason


def test_the_example_of_the_readme_is_a_metric(
    pair: tuple[np.ndarray, np.ndarray], own: MakeOwn, verdicts_of: Verdicts
) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    code = re.search(r"```python\n(# my_metrics.py\n.*?)```", readme, re.DOTALL)
    assert code is not None
    found = verdicts_of(*pair, own=(own("front_strength", code[1], fail=0.02),))
    assert found["X-front_strength"].value is not None


def test_a_metric_that_warns_of_numbers_is_not_stopped_by_warnings(
    pair: tuple[np.ndarray, np.ndarray], own: MakeOwn, verdicts_of: Verdicts
) -> None:
    code = (
        "import warnings\ndef f(original, decoded, grid):\n    warnings.warn('x')\n    return 0.0\n"
    )
    assert verdicts_of(*pair, own=(own("f", code, fail=1.0),))["X-f"].outcome == "pass"
