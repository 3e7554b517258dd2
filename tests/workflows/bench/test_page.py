"""The page of a bench: what it says, and how it looks in a browser."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from climcomp_workflows.bench.delta import RateCurve, all_deltas
from climcomp_workflows.bench.figures import draw_variable
from climcomp_workflows.bench.model import (
    Bench,
    CriterionRow,
    Curve,
    Judged,
    LevelTrial,
    LosslessTrial,
    Rate,
    Speed,
    Trial,
    VariableBench,
)
from climcomp_workflows.bench.page import NO_MATPLOTLIB, render_page
from climcomp_workflows.bench.text import bench_text
from climcomp_workflows.bench.trials import first_failures
from tests.metrics.report import looks
from tests.metrics.report.browser import Browser

HOSTILE = "a_long_group/<script>alert(1)</script>"
FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)
ROWS = {
    "P2": CriterionRow("bias", "Pointwise", "sigma", 0.01, 0.03, "METRICS: calibrated"),
    "C1": CriterionRow("global mean", "Conservation", "1", 1e-4, 1e-3, "recipe"),
    "M1": CriterionRow("trend", "Temporal", "1", None, None, "METRICS: calibrated"),
    "D6": CriterionRow("distinct values", "Distribution", "1", None, None, "METRICS: shown"),
}


def trial(factor: float, size: int, failed: tuple[str, ...], refused: str = "") -> Trial:
    if refused:
        return Trial(factor, 0.01 * factor, refused=refused)
    judged = {
        "P2": Judged(0.01 * factor, "fail" if "P2" in failed else "pass"),
        "C1": Judged(0.0 if factor < 0.5 else 1e-4 * factor, "fail" if "C1" in failed else "pass"),
        "M1": Judged(None, "n/a"),
        "D6": Judged(1.0, "report"),
    }
    bound = 0.01 * factor
    return Trial(
        factor,
        bound,
        rate=Rate(4000, size, 32 * size / 4000, 0.9 * bound, 0.5 * bound, 80 - 6 * factor, 70.0),
        criteria=judged,
        failed=failed,
        levels=(LevelTrial(0, bound, 0.95 * bound, judged),),
        speed=Speed(100.0 / factor, 300.0),
    )


def curve(label: str, codec: str, sizes: tuple[int, ...], fails: dict[float, tuple[str, ...]],
          refused: str = "") -> Curve:  # fmt: skip
    trials = tuple(
        trial(f, size, fails.get(f, ()), refused) for f, size in zip(FACTORS, sizes, strict=True)
    )
    sound = [t.factor for t in trials if t.rate is not None and not t.failed]
    first = first_failures(trials)
    return Curve(label, codec, label != codec, trials, first, max(sound, default=None))


def variable(name: str, **changes: object) -> VariableBench:
    curves = (
        curve("sz3", "sz3", (900, 700, 500, 350, 200), {2.0: ("P2",), 4.0: ("P2", "C1")}),
        curve("rounding then sz3", "sz3", (800, 600, 450, 300, 190), {0.5: ("C1",)}),
        curve("zfp", "zfp", (1500,) * 5, {}, "the bound 0.0025 is not above the rounding of float"),
    )
    rates = [
        RateCurve(c.label, tuple(t.rate.bits_per_value for t in c.trials if t.rate),
                  tuple(t.rate.psnr_db or 0.0 for t in c.trials if t.rate))
        for c in curves
    ]  # fmt: skip
    made = VariableBench(
        name=name,
        unit="K",
        planned="sz3 within 0.01 K",
        bound_kind="absolute",
        bound_text="0.01 K",
        bound_source="recipe line 3",
        kept_label="sz3",
        kept_factor=1.0,
        sample="12 of 240 time steps",
        blocks="3 chunks of 10 x 20 values",
        whole=False,
        criteria=ROWS,
        curves=curves,
        lossless=(LosslessTrial("lossless", 4000, 2500, 20.0, Speed(50.0, 400.0)),),
        deltas=(*all_deltas(rates, "psnr_db"), *all_deltas(rates, "largest_error_db")),
        left_out={"fpzip": "it keeps pointwise_relative bounds, this one is absolute"},
        notes=("its values lie on a lattice",),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def bench(*variables: VariableBench) -> Bench:
    return Bench(
        "small <b>model</b>", "2026-03-01T12:00:00+00:00", "0.1.0", {"sz3": "pysz 1.1"},
        "sha256:" + "0" * 64, FACTORS, variables, {"orog": "the sampled values do not vary"},
    )  # fmt: skip


SMALL = bench(variable(HOSTILE), variable("pr", bound_kind="pointwise_relative", unit="mm day-1"))


@pytest.fixture(scope="module")
def page() -> str:
    return render_page(SMALL, {v.name: draw_variable(v) for v in SMALL.variables})


@pytest.fixture
def written(page: str, tmp_path: Path) -> Path:
    path = tmp_path / "bench.html"
    path.write_text(page, encoding="utf-8")
    return path


def test_it_stands_alone_and_no_text_is_markup(page: str) -> None:
    assert page.startswith("<!doctype html>")
    assert not re.search(r"<script|<link|<iframe|https?://(?!www\.w3\.org)", page)
    assert "&lt;script&gt;alert(1)" in page.replace("<wbr>", "")
    assert page.count("</svg>") > 8


def test_no_name_stands_twice(page: str) -> None:
    names = re.findall(r'\bid="([^"]+)"', page)
    assert len(names) == len(set(names))
    for name in re.findall(r'href="#([^"]+)"', page):
        assert name in names


def test_it_says_what_was_found(page: str) -> None:
    text = re.sub(r"<[^>]+>", " ", page.replace("<wbr>", ""))
    text = re.sub(r"\s+", " ", text)
    for said in (
        "rounding then sz3 within 0.04 K, 21.1 x",  # the smallest that fails nothing
        "0.02 K (P2)",
        "0.005 K (C1); passes at a looser one",
        "refused: the bound 0.0025 is not above",
        "zfp refused every bound",
        "fpzip: it keeps pointwise_relative bounds",
        "no number: zfp has 0 usable points, 4 are needed",
        "orog the sampled values do not vary",
        "M1: no value on the sample",
        "D6: 1 at every bound",
        "its values lie on a lattice",
        "beyond 1.25 times its limit",
    ):
        assert said in text, said


def test_without_matplotlib_the_tables_stand_and_it_is_said() -> None:
    plain = render_page(SMALL, None)
    assert NO_MATPLOTLIB.replace("'", "&#x27;") in plain
    assert "<figure" not in plain
    assert "Where each suite first fails" in plain


def test_first_failures_are_of_the_tightest_bound_in_any_order() -> None:
    trials = [
        trial(4.0, 1, ("P2", "C1")), trial(1.0, 3, ()), trial(2.0, 2, ("C1", "C2", "P2")),
        trial(0.5, 4, ("P2",)), trial(0.25, 5, (), "refused"),
    ]  # fmt: skip
    found = {f.suite: (f.factor, f.criteria, f.passes_again) for f in first_failures(trials)}
    assert found == {
        "Pointwise": (0.5, ("P2",), True),
        "Conservation": (2.0, ("C1", "C2"), False),
    }
    assert first_failures(trials[1:2]) == ()


def test_every_drawing_says_in_words_what_it_shows() -> None:
    drawn = draw_variable(SMALL.variables[0])
    assert [d.title.removeprefix(f"{HOSTILE}: ") for d in drawn.main] == [
        "ratio against largest error", "ratio against RMSE", "speed",
    ]  # fmt: skip
    assert "sz3 from 4.44 x to 20 x" in drawn.main[0].alt
    assert [d.title.rpartition(": ")[2] for d in drawn.metrics] == [
        "P2 bias", "C1 global mean",
    ]  # fmt: skip
    # A value of zero stands at the left end of a logarithmic axis, and is drawn.
    assert "Lines: it warns and fails." in drawn.metrics[1].caption


def test_one_bound_has_no_curve_to_draw() -> None:
    curves = tuple(replace(c, trials=c.trials[2:3]) for c in SMALL.variables[0].curves)
    drawn = draw_variable(replace(SMALL.variables[0], curves=curves))
    assert (drawn.main, drawn.metrics) == ((), ())
    assert "P2: 0.01 at every bound" in drawn.absent


def test_a_variable_that_no_codec_takes_has_a_page() -> None:
    bare = variable("q", curves=(), deltas=(), criteria={}, kept_label="", kept_factor=None)
    one = bench(bare)
    page = render_page(one, {"q": draw_variable(bare)})
    assert "every setting fails" in page
    assert "every setting fails something" in bench_text(one)


def test_the_terminal_is_told_the_same() -> None:
    text = bench_text(SMALL)
    assert "fails nothing: rounding then sz3 within 0.04 K, 21.1 x" in text
    assert "Pointwise at 0.02 K (P2)" in text
    assert "orog: not benched: the sampled values do not vary" in text
    assert "fpzip: not tried" in text
    assert "bounds of their own" not in text
    assert "refused: the bound 0.0025" in text
    assert text.isprintable() or set(text) - {"\n"} == {c for c in text if c.isprintable()}


def test_levels_with_bounds_of_their_own_are_told_in_both() -> None:
    first = SMALL.variables[0]
    trials = tuple(
        replace(t, levels=(*t.levels, replace(t.levels[0], level=1, bound=2 * t.bound)))
        for t in first.curves[0].trials
    )
    one = bench(replace(first, curves=(replace(first.curves[0], trials=trials),)))
    assert "levels have bounds of their own; the tightest" in bench_text(one)
    page = render_page(one, None)
    assert "Levels have bounds of their own; the tightest" in page
    assert "as an entry under variables" not in page  # no single bound says it


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("opened", [False, True], ids=["closed", "open"])
def test_it_looks_well_in_a_browser(
    browser: Browser, written: Path, width: int, dark: bool, opened: bool
) -> None:
    browser.open(written, width, dark=dark)
    if opened:
        looks.open_all(browser)
    assert browser.console == []
    assert browser.requests == [written.as_uri()]
    assert looks.cut(browser) == []
    assert looks.overlapping(browser) == []
    assert looks.faint(browser) == []
