"""Verdicts in plain words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from climcomp_metrics.base import Verdict
from climcomp_metrics.report import (
    AttemptReport,
    BoundReport,
    ErrorReport,
    Report,
    ShardReport,
    VariableReport,
    headline,
    totals,
    verdict_sentence,
)

MakeVariable = Callable[..., VariableReport]
MakeVerdict = Callable[..., Verdict]
MakeReport = Callable[..., Report]


def test_a_kept_variable_says_bound_error_place_and_closest_limit(
    kept_variable: MakeVariable,
) -> None:
    expected = (
        "tas is kept within 0.01 K (largest error 0.00998 K, time 17, lat 20, lon 41); "
        "all 13 tests passed (1 does not apply); "
        "the closest to its limit is C2 tile means at 30 % of it."
    )
    assert verdict_sentence(kept_variable()) == expected


def test_a_relative_error_is_in_percent(kept_variable: MakeVariable) -> None:
    bound = BoundReport(text="1 %", kind="pointwise_relative", value=0.01, choice="recipe line 3")
    rain = kept_variable("pr", bound=bound, error=ErrorReport(value=0.0078, unit="1"))
    expected = "pr is kept within 1 % of each value (largest error 0.78 %); "
    assert verdict_sentence(rain).startswith(expected)


def test_a_bound_by_level_says_its_range(kept_variable: MakeVariable) -> None:
    bound = BoundReport(
        text="0.01 sigma", kind="absolute", value=0.02, choice="own", lowest=0.01, highest=0.03
    )
    sentence = verdict_sentence(kept_variable("ua", bound=bound, unit="m s-1", error=None))
    expected = "ua is kept within 0.01 sigma (0.01 to 0.03 m s-1 by level; largest error"
    assert sentence.startswith(expected)


def test_a_bound_in_other_words_is_resolved(kept_variable: MakeVariable) -> None:
    bound = BoundReport(text="0.01 sigma", kind="absolute", value=0.032, choice="0.01 sigma")
    sentence = verdict_sentence(kept_variable(bound=bound))
    assert sentence.startswith("tas is kept within 0.01 sigma (0.032 K; largest error 0.00998 K")


def test_without_an_error_of_its_own_the_largest_error_is_that_of_p1(
    kept_variable: MakeVariable,
) -> None:
    sentence = verdict_sentence(kept_variable(error=None))
    assert "(largest error 0.00998 K, time 17 (1860-06-01), lat 20, lon 41)" in sentence


def test_an_error_over_the_bound_does_not_read_as_the_bound(kept_variable: MakeVariable) -> None:
    error = ErrorReport(value=0.010001, unit="K")
    assert "largest error 0.010001 K" in verdict_sentence(kept_variable(error=error))


def test_warnings_are_named_with_value_place_and_limits(
    kept_variable: MakeVariable, judged_again: MakeVariable, verdict: MakeVerdict
) -> None:
    warning = verdict("P8", "error-Laplacian correlation", "warn", 0.031, "1", 0.02, 0.05,
                      "recipe line 9", place="level 3")  # fmt: skip
    expected = (
        "no test failed (1 does not apply), 1 warns: P8 error-Laplacian correlation is 0.031 "
        "at level 3 (warns above 0.02, fails above 0.05; recipe line 9)."
    )
    assert verdict_sentence(judged_again(kept_variable(), warning)).endswith(expected)


def test_a_failure_comes_first_and_the_worst_one_with_its_limit(
    kept_variable: MakeVariable, judged_again: MakeVariable, verdict: MakeVerdict
) -> None:
    slight = verdict("D1", "body quantiles", "fail", 0.021, "sigma", 0.01, 0.02)
    grave = verdict("E4", "exceedance CSI", "fail", 0.9, "1", 0.99, 0.98, "METRICS")
    sentence = verdict_sentence(judged_again(kept_variable(), slight, grave))
    expected = (
        "tas fails: E4 exceedance CSI is 0.9 (warns below 0.99, fails below 0.98; METRICS); "
        "also failed: D1."
    )
    assert sentence == expected


def test_a_required_criterion_without_a_number_says_why(
    kept_variable: MakeVariable, judged_again: MakeVariable, verdict: MakeVerdict
) -> None:
    required = verdict("C1", "global mean series", "fail", None, reason="required, but no area")
    sentence = verdict_sentence(judged_again(kept_variable(), required))
    assert sentence == "tas fails: C1 global mean series: required, but no area."


@pytest.mark.parametrize("how", ["lossless", "carried"])
def test_a_failure_shows_even_where_nothing_should_be_lost(
    kept_variable: MakeVariable, report_of: MakeReport, verdict: MakeVerdict, how: str
) -> None:
    mask = verdict("F1", "mask", "fail", 3.0, "values", None, 0.0, "METRICS")
    variable = kept_variable("lat", how=how, verdicts=(mask,))
    expected = "lat fails: F1 mask is 3 values (fails above 0 values; METRICS)."
    assert verdict_sentence(variable) == expected
    assert headline(report_of(variable)) == "1 variable fails or is refused, of 1: lat."


def test_an_unchecked_variable_is_never_called_kept(kept_variable: MakeVariable) -> None:
    sentence = verdict_sentence(kept_variable(verdicts=()))
    assert "unverified" in sentence
    assert "it was not checked" in sentence
    assert "kept" not in sentence
    assert "passed" not in sentence


def test_lossless_says_what_led_there(kept_variable: MakeVariable) -> None:
    plain = kept_variable(how="lossless", attempts=())
    tried = AttemptReport(rung="sz3 at 0.01 K", failed=("C2 tile means 0.004 (limit 0.003)",))
    driven = kept_variable(how="lossless", attempts=(tried, AttemptReport(rung="lossless")))
    told = kept_variable(how="lossless", attempts=(), fallbacks=("sigma is zero.",))
    assert verdict_sentence(plain) == "tas is stored losslessly, bit for bit."
    expected = (
        "tas is stored losslessly, bit for bit: sz3 at 0.01 K failed: "
        "C2 tile means 0.004 (limit 0.003)."
    )
    assert verdict_sentence(driven) == expected
    assert verdict_sentence(told) == "tas is stored losslessly, bit for bit: sigma is zero."


def test_refused_says_why_and_that_nothing_is_in_the_archive(
    kept_variable: MakeVariable, verdict: MakeVerdict
) -> None:
    failure = verdict("C1", "global mean series", "fail", 0.02, "1", 0.005, 0.01, "METRICS")
    expected = "tas is refused and is not in the archive: "
    judged = verdict_sentence(kept_variable(how="refused", verdicts=(failure,)))
    silent = verdict_sentence(kept_variable(how="refused", verdicts=(), attempts=()))
    assert judged.startswith(f"{expected}C1 global mean series is 0.02")
    assert silent == f"{expected}no reason was recorded."


def test_a_detour_down_the_ladder_is_told(kept_variable: MakeVariable) -> None:
    rungs = {"sz3 at 0.01 K": 117, "sz3 at 0.0025 K": 2, "lossless": 1}
    variable = kept_variable(shards=ShardReport(total=120, rungs=rungs))
    expected = " 3 of 120 shards went further down the ladder (sz3 at 0.0025 K: 2, lossless: 1)."
    assert verdict_sentence(variable).endswith(expected)


def test_the_headline_names_what_needs_a_look(
    kept_variable: MakeVariable,
    judged_again: MakeVariable,
    report_of: MakeReport,
    verdict: MakeVerdict,
) -> None:
    warned = judged_again(kept_variable("ua"), verdict("C2", "tile means", "warn", 0.002))
    lossless = kept_variable("siconc", how="lossless", verdicts=())
    carried = kept_variable("lat", how="carried", verdicts=())
    unseen = kept_variable("va", verdicts=())
    cases = {
        "All 2 variables are kept and every test passed.": (kept_variable(), lossless, carried),
        "The one variable is kept and every test passed.": (kept_variable(),),
        "All 2 variables are kept and no test failed; 1 variable has warnings: ua.": (
            kept_variable(),
            warned,
        ),
        "1 variable was not checked, of 2: va.": (warned, unseen),
        "1 variable fails or is refused, of 2: pr.": (unseen, kept_variable("pr", how="refused")),
        "The one variable is stored losslessly, bit for bit.": (lossless, carried),
        "Nothing but coordinates and the like, carried over exactly.": (carried,),
    }
    assert {headline(report_of(*variables)) for variables in cases.values()} == set(cases)


def test_totals_count_the_ways_and_the_bytes(
    kept_variable: MakeVariable, report_of: MakeReport
) -> None:
    report = report_of(
        kept_variable(), kept_variable("lat", how="carried"), source_bytes=10**7, stored_bytes=10**6
    )
    expected = (
        "1 within error bounds, 1 carried over exactly. "
        "10 MB of source files became 1 MB: 10 times smaller."
    )
    assert totals(report) == expected


def test_many_names_are_cut(kept_variable: MakeVariable, report_of: MakeReport) -> None:
    refused = (kept_variable(f"v{i}", how="refused") for i in range(20))
    assert headline(report_of(*refused)).endswith("v6, v7 and 12 more.")
