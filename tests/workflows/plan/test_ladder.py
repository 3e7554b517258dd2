"""The ladder: the bound, a quarter of it, lossless; and who may keep it."""

from __future__ import annotations

import pytest

from climcomp.bounds import ErrorBound
from climcomp.codecs.sperr import Sperr
from climcomp.errors import RecipeError
from climcomp_workflows.plan.ladder import LevelBounds, auto_codecs, candidates, make_ladder


def bounds(*values: float, kind: str = "absolute") -> LevelBounds:
    return LevelBounds(tuple(ErrorBound(kind, v) for v in values), "text", "source")  # type: ignore[arg-type]  # of the three


def texts(*arguments: object) -> list[str]:
    return [rung.text for rung in make_ladder(*arguments)]  # type: ignore[arg-type]  # as written


def test_the_ladder_is_the_bound_a_quarter_of_it_and_lossless() -> None:
    first, second, last = make_ladder("sz3", (), bounds(0.1, 0.4), None, "K", "float32")
    assert [b.value for b in first.bounds or ()] == [0.1, 0.4]
    assert [b.value for b in second.bounds or ()] == [0.025, 0.1]
    assert (first.lossless, second.lossless, last.lossless) == (False, False, True)


def test_rungs_say_codec_bound_and_unit() -> None:
    found = texts("sz3", (), bounds(0.1), None, "K", "float32")
    assert found == ["sz3 within 0.1 K", "sz3 within 0.025 K", "lossless"]


def test_bounds_that_differ_by_level_are_said_as_a_span() -> None:
    assert texts("zfp", (), bounds(0.1, 0.4), None, "K", "float32")[0] == "zfp within 0.1 to 0.4 K"


def test_relative_rounding_says_its_bits() -> None:
    found = texts("rounding", (), bounds(0.01, kind="pointwise_relative"), None, "", "float32")
    assert found[0] == "rounding within 1 % of each value, 6 bits kept"
    assert found[1] == "rounding within 0.25 % of each value, 8 bits kept"


def test_rounding_before_a_codec_keeps_two_more_bits_on_the_second_rung() -> None:
    first, second, _ = make_ladder("sz3", (), bounds(0.1), (9,), "K", "float32")
    assert (first.keepbits, second.keepbits) == ((9,), (11,))
    assert second.text == "sz3 within 0.025 K after rounding to 11 bits"


def test_the_spread_is_the_loosest_over_the_tightest() -> None:
    assert bounds(0.1, 0.4, 0.2).spread == pytest.approx(4.0)


def test_codecs_that_cannot_keep_the_kind_of_bound_are_left_out() -> None:
    asked = ("sz3", "zfp", "log", "rounding")
    assert candidates(asked, "pointwise_relative", "x") == ("log", "rounding")
    assert candidates(asked, "absolute", "x") == ("sz3", "zfp", "rounding")


def test_no_able_codec_is_an_error_that_names_those_that_are() -> None:
    with pytest.raises(
        RecipeError, match=r"line 3: sz3 cannot keep a pointwise.*: log, rounding\."
    ):
        candidates(("sz3",), "pointwise_relative", "line 3")


def without_sperr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sperr, "module", "no_such_module_at_all")


def test_auto_takes_sperr_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert auto_codecs() == ("sz3", "delta", "zfp", "sperr", "log", "rounding")
    without_sperr(monkeypatch)
    assert auto_codecs() == ("sz3", "delta", "zfp", "log", "rounding")


def test_auto_tries_slow_codecs_only_at_a_higher_effort() -> None:
    assert auto_codecs("fast") == ("sz3", "delta", "zfp", "log", "rounding")
    assert auto_codecs("high") == ("sz3", "delta", "zfp", "sperr", "ncx", "log", "rounding")


def test_sperr_without_its_package_is_an_error_that_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert candidates(("sperr", "zfp"), "absolute", "line 3") == ("sperr", "zfp")
    without_sperr(monkeypatch)
    with pytest.raises(RecipeError, match=r"line 3: sperr needs .*'climcomp\[sperr\]'"):
        candidates(("sperr", "zfp"), "absolute", "line 3")


def test_a_package_for_no_bound_of_the_recipe_is_not_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_sperr(monkeypatch)
    found = candidates(("sperr", "rounding"), "pointwise_relative", "line 3")
    assert found == ("rounding",)
