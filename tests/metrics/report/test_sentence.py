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
from climcomp_metrics.report.sentence import further

MakeVariable = Callable[..., VariableReport]
MakeVerdict = Callable[..., Verdict]
MakeReport = Callable[..., Report]


def test_a_kept_variable_says_its_bound_the_worst_thing_and_its_limit(
    kept_variable: MakeVariable,
) -> None:
    expected = (
        "tas is kept within 0.01 K and passes all 13 tests; the worst that happened to it: "
        "regional means moved by 0.091 % of their standard deviation, 30 % of the way to its limit "
        "of 0.3 % (C2)."
    )
    assert verdict_sentence(kept_variable()) == expected


def test_what_is_told_in_sigma_is_told_in_the_unit_of_the_level_too(
    kept_variable: MakeVariable, judged_again: MakeVariable, verdict: MakeVerdict
) -> None:
    place, signed = "level 1 (850 hPa), quantile 0.9999", {"signed": -0.04}
    clipped = verdict("E1", "tail quantiles", "warn", 0.04, "sigma", 0.02, 0.05, place=place,
                      detail=signed)  # fmt: skip
    variable = judged_again(kept_variable(sigma=(3.2, 0.5)), clipped)
    expected = (
        "; no test fails, 1 warns; the worst that happened to it: the highest 0.01 % of values is "
        "lowered by 0.02 K (0.04 sigma) at level 1 (850 hPa), warns above 0.02 sigma, fails above "
        "0.05 sigma (E1)."
    )
    assert verdict_sentence(variable).endswith(expected)


def test_a_bound_by_level_says_its_range(kept_variable: MakeVariable) -> None:
    bound = BoundReport(
        text="0.01 sigma", kind="absolute", value=0.02, choice="own", lowest=0.01, highest=0.03
    )
    sentence = verdict_sentence(kept_variable("ua", bound=bound, unit="m s-1"))
    assert sentence.startswith("ua is kept within 0.01 to 0.03 m s-1 (by level) and passes")


def test_a_bound_that_had_to_be_tighter_says_what_was_asked_for(
    kept_variable: MakeVariable,
) -> None:
    bound = BoundReport(text="0.01 K", kind="absolute", value=0.01, choice="own", kept=(0.0025,))
    expected = "tas is kept within 0.0025 K, a quarter of the 0.01 K asked for, and passes"
    assert verdict_sentence(kept_variable(bound=bound)).startswith(expected)


def test_a_relative_bound_and_its_error_are_in_percent(kept_variable: MakeVariable) -> None:
    bound = BoundReport(text="1 %", kind="pointwise_relative", value=0.01, choice="recipe line 3")
    rain = kept_variable("pr", bound=bound, error=ErrorReport(value=0.0078, unit="1"))
    assert verdict_sentence(rain).startswith("pr is kept within 1 % of each value and passes")
    assert "The largest error is 0.78 % of the value." in further(rain)


def test_the_largest_error_stands_with_its_place(kept_variable: MakeVariable) -> None:
    expected = "The largest error is 0.00998 K at time 17, lat 20, lon 41."
    assert further(kept_variable()).startswith(expected)


def test_without_an_error_of_its_own_the_largest_error_is_that_of_p1(
    kept_variable: MakeVariable,
) -> None:
    expected = "The largest error is 0.00998 K at time 17 (1860-06-01), lat 20, lon 41."
    assert further(kept_variable(error=None)).startswith(expected)


def test_an_error_over_the_bound_does_not_read_as_the_bound(kept_variable: MakeVariable) -> None:
    error = ErrorReport(value=0.010001, unit="K")
    assert "largest error is 0.010001 K" in further(kept_variable(error=error))


def test_the_worst_warning_stands_first_and_the_others_after_it(
    kept_variable: MakeVariable, judged_again: MakeVariable, verdict: MakeVerdict
) -> None:
    smoothed = verdict("P8", "error-Laplacian correlation", "warn", 0.031, "1", 0.02, 0.05,
                       place="level 3", detail={"signed": 0.031})  # fmt: skip
    moved = verdict("D1", "body quantiles", "warn", 0.019, "sigma", 0.01, 0.02,
                    place="level 2, quantile 0.96")  # fmt: skip
    # What can never fail is no worse than what can.
    alike = verdict("P10", "error whiteness", "warn", 0.9, "1", 0.2, None, place="along x")
    variable = judged_again(kept_variable(), smoothed, moved, alike)
    expected = "the 96 % quantile is moved by 0.019 sigma at level 2, warns above 0.01 sigma"
    assert expected in verdict_sentence(variable)
    expected = (
        "Also: the field is smoothed: errors follow its curvature (correlation 0.031) at level 3, "
        "warns above 0.02, fails above 0.05 (P8); errors of neighbours along x are alike "
        "(correlation 0.9), warns above 0.2 (P10). 1 test does not apply."
    )
    assert expected in further(variable)


def test_a_failure_comes_first_and_the_worst_one_with_its_limit(
    kept_variable: MakeVariable, judged_again: MakeVariable, verdict: MakeVerdict
) -> None:
    slight = verdict("D1", "body quantiles", "fail", 0.021, "sigma", 0.01, 0.02)
    grave = verdict("E4", "exceedance CSI", "fail", 0.9, "1", 0.99, 0.98, "METRICS")
    sentence = verdict_sentence(judged_again(kept_variable(), slight, grave))
    expected = (
        "tas fails: 10 % of the highest 0.1 % of values are at other places or times, warns above "
        "1 %, fails above 2 % (E4); also failed: D1."
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
    said = "3 values are missing that were there, or the reverse"
    expected = f"lat fails: {said}, fails above 0 values (F1)."
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
    expected = "tas is stored losslessly, bit for bit: sz3 at 0.01 K fails C2."
    assert verdict_sentence(driven) == expected
    expected = "Before that, sz3 at 0.01 K failed: C2 tile means 0.004 (limit 0.003)."
    assert further(driven) == expected
    assert verdict_sentence(told) == "tas is stored losslessly, bit for bit: sigma is zero."


def test_refused_says_why_and_that_nothing_is_in_the_archive(
    kept_variable: MakeVariable, verdict: MakeVerdict
) -> None:
    failure = verdict("C1", "global mean series", "fail", 0.02, "1", 0.005, 0.01, "METRICS")
    expected = "tas is refused and is not in the archive: "
    judged = verdict_sentence(kept_variable(how="refused", verdicts=(failure,)))
    silent = verdict_sentence(kept_variable(how="refused", verdicts=(), attempts=()))
    assert judged.startswith(f"{expected}the area mean of one time step moved by 2 %")
    assert silent == f"{expected}no reason was recorded."


def test_a_detour_down_the_ladder_is_told(kept_variable: MakeVariable) -> None:
    rungs = {"sz3 at 0.01 K": 117, "sz3 at 0.0025 K": 2, "lossless": 1}
    variable = kept_variable(shards=ShardReport(total=120, rungs=rungs))
    expected = " 3 of 120 shards went further down the ladder (sz3 at 0.0025 K: 2, lossless: 1)."
    assert further(variable).endswith(expected)


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
