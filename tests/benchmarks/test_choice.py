"""Codec and bound as they are chosen: against public tools, and against an exhaustive scan.

`pytest tests/benchmarks/test_choice.py --benchmark-enable -s` prints two tables:

- the yardstick: ratios at fixed bounds on real files, bound and mask verified, beside those of the
  best public tool on the same values;
- the quality of the search: for eight real variables under `quality: climate`, what the plan's
  codec and bounds come to beside the smallest that a scan of 20 bounds for every codec finds, each
  judged on the whole sample; and the search's share of a run's time, with that of one of its trials
  beside it: a search is about five trials, so where one takes 1 % of a run, five take 5 %.

Both want the real files of CLIMCOMP_TEST_DATA and are skipped without them. Otherwise the same is
done once on a small generated field.
"""

from __future__ import annotations

import dataclasses
import math
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from climcomp.bounds import ErrorBound
from climcomp_workflows.plan import chosen, draft, lossy
from climcomp_workflows.plan.choice import Choice
from climcomp_workflows.plan.coded import payload_of
from climcomp_workflows.plan.draft import Draft
from climcomp_workflows.plan.ladder import LevelBounds, able_codecs
from climcomp_workflows.plan.make import make_plan
from climcomp_workflows.plan.model import Rung, VariablePlan
from climcomp_workflows.plan.search.strain import outcome_of
from climcomp_workflows.plan.search.trials import Candidate
from climcomp_workflows.plan.subject import Subject
from climcomp_workflows.plan.survey import Survey
from climcomp_workflows.plan.trial import Measured, SampleGate
from climcomp_workflows.recipe import parse_recipe
from climcomp_workflows.run import run_recipe
from climcomp_workflows.verify import verify_archive

FOLDER = Path(os.environ.get("CLIMCOMP_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
SCANNED = 20
SPAN = 400.0  # from the loosest bound down to this part of it


@dataclasses.dataclass(frozen=True)
class Fixed:
    """A variable at a fixed bound, and the ratio that the best public tool reaches."""

    file: str
    variable: str
    bound: str
    public: float
    label: str


YARDSTICK = (
    Fixed("A1B_north_america.nc", "air_temperature", "0.1 K", 12.97, "HadCM3 A1B temperature"),
    Fixed("era5_t_0p25_packed_origin.nc", "temperature", "0.1 K", 29.63, "ERA5 0.25 temperature"),
    Fixed("eraint_uvz_packed.nc", "u", "0.1 m/s", 37.84, "ERA-Interim u"),
    Fixed("ostia_monthly.nc", "surface_temperature", "0.05 K", 15.61, "OSTIA masked SST"),
)

SEARCHED = (
    ("hadcm_A1B_north_america_360day.nc", "air_temperature"),
    ("pop_SST_60day.nc", "SST"),
    ("cam_fv_PRECT_60day.nc", "PRECT"),
    ("arome_wind10m_67h.nc", "x_wind_10m"),
    ("eraint_uvz_packed.nc", "z"),
    ("cam_fv_T_3mon.nc", "T"),
    ("mpas_atm_ps.nc", "surface_pressure"),
    ("cmip6_tos_BCC-CSM2-HR_025.nc", "tos"),
)


def _path(file: str) -> Path:
    """A real file: of the folder of test data, or of the package iris-sample-data."""
    here = FOLDER / file
    if not here.exists():
        samples = pytest.importorskip("iris_sample_data")
        here = Path(samples.__file__).parent / "sample_data" / file
    if not here.exists():
        pytest.skip(f"{file} is not there: CLIMCOMP_TEST_DATA names its folder")
    return here


def _recipe_text(path: Path, store: Path, more: str) -> str:
    return (
        f"recipe: 1\nname: choice\ninput: {{files: '{path}'}}\noutput: {{store: '{store}'}}\n"
        f"report: {{figures: false}}\ncluster: {{kind: inline}}\n{more}"
    )


def test_the_yardstick_at_fixed_bounds(measuring: bool, tmp_path: Path) -> None:
    lines = []
    for number, case in enumerate(YARDSTICK if measuring else YARDSTICK[:1]):
        more = f"quality: bounds\nvariables: {{{case.variable}: {{bound: {case.bound}}}}}\n"
        store = tmp_path / f"{number}.zarr"
        outcome = run_recipe(parse_recipe(_recipe_text(_path(case.file), store, more)))
        found = next(v for v in outcome.report.variables if v.name == case.variable)
        assert verify_archive(str(store), source=True).ok
        ratio = 4 * math.prod(found.shape) / found.stored_bytes
        assert ratio > case.public
        codecs = ", ".join(f"{name} {count}" for name, count in sorted(found.codecs.items()))
        lines.append(
            f"{case.label:<24} {case.bound:<8} {ratio:7.2f} {case.public:9.2f} "
            f"{ratio / case.public:6.3f}  {codecs}"
        )
    print(f"\n{'':<24} {'bound':<8} {'ratio':>7} {'public':>9} {'of it':>6}  blocks by codec")
    print("\n".join(lines))


@dataclasses.dataclass
class Planned:
    """What a plan was made from, caught on its way."""

    subject: Subject
    found: Survey
    loosest: LevelBounds
    exact: tuple[float, ...]
    make_gate: Callable[[Draft], SampleGate]
    first: Draft
    seconds: float
    trials: tuple[float, ...]  # seconds of each


def _caught(monkeypatch: pytest.MonkeyPatch) -> list[Planned]:
    """Planned variables, as `choose_encoding` goes through them."""
    planned: list[Planned] = []
    search, measure = chosen._searched, SampleGate.measure
    trials: list[float] = []

    def timed_trial(gate: SampleGate, rung: Rung, position: int) -> Measured:
        started = time.perf_counter()
        try:
            return measure(gate, rung, position)
        finally:
            trials.append(time.perf_counter() - started)

    def timed(choice: Choice, first: Draft, begin: int) -> object:
        trials.clear()
        started = time.perf_counter()
        try:
            return search(choice, first, begin)
        finally:
            planned.append(
                Planned(
                    choice.subject, choice.found, choice.loosest, choice.exact, choice.make_gate,
                    first, time.perf_counter() - started, tuple(trials),
                )
            )  # fmt: skip

    monkeypatch.setattr(SampleGate, "measure", timed_trial)
    monkeypatch.setattr(chosen, "_searched", timed)
    return planned


def _factors() -> Iterator[float]:
    return iter(np.geomspace(1.0, 1 / SPAN, SCANNED))


def _scanned(case: Planned) -> tuple[float, str]:
    """The smallest size of the sample blocks that passes among 20 bounds of every codec."""
    gate, levels = case.make_gate(case.first), case.found.sample.levels
    together = draft.levels_share_blocks(case.subject, case.found)
    best, words = float("inf"), "nothing passes"
    able = able_codecs(case.subject.recipe, case.subject.settings, case.loosest.kind)
    settings = {t.codec: t.settings for t in case.first.race.trials}
    for codec in [c for c in able if c in settings]:
        candidate = Candidate(codec, settings[codec])
        passing: list[float | None] = []
        for position in range(len(levels)):
            passing.append(
                next((f for f in _factors() if _passes(case, gate, candidate, position, f)), None)
            )
        if None in passing:
            continue
        factors = [f for f in passing if f is not None]
        factors = [min(factors)] * len(factors) if together else factors
        size = _size(case, candidate, factors)
        if size < best:
            best, words = size, f"{codec} x {min(factors):.3g} to {max(factors):.3g}"
    return best, words


def _at(case: Planned, factors: list[float]) -> tuple[ErrorBound, ...]:
    # A bound between sampled levels is the tighter of its neighbours', as in the plan.
    every = case.found.sample.nearest(len(case.loosest.bounds))
    return tuple(
        bound.tightened(1 / factors[n]) for n, bound in zip(every, case.loosest.bounds, strict=True)
    )


def _passes(
    case: Planned, gate: SampleGate, candidate: Candidate, position: int, factor: float
) -> bool:
    bounds = _at(case, [factor] * len(case.found.sample.levels))
    rung = Rung(candidate.codec, candidate.settings, bounds, None, "")
    return outcome_of(gate, rung, position).passes


def _size(case: Planned, candidate: Candidate, factors: list[float]) -> float:
    bounds = _at(case, factors)
    fill = draft.fill_of(case.subject.variable)
    return sum(
        len(
            payload_of(
                block.within(bounds), candidate.codec, candidate.settings, None, case.exact, fill
            )
        )
        for block in case.first.blocks
    )


def _plan_size(case: Planned, plan: VariablePlan) -> float:
    """What the plan's rung makes of the same sample blocks."""
    rung = plan.ladder[plan.start]
    fill = draft.fill_of(case.subject.variable)
    if rung.bounds is None:
        return case.first.race.lossless_bytes
    bits = None if rung.keepbits is None else max(rung.keepbits)
    return sum(
        len(
            payload_of(block.within(rung.bounds), rung.codec, rung.settings, bits, case.exact, fill)
        )
        for block in case.first.blocks
    )


def test_the_search_against_an_exhaustive_scan(
    measuring: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write_t2m: Callable[[Path, int, int, int], Path],
) -> None:
    planned = _caught(monkeypatch)
    # A variable that loses hardly anything is stored exactly: here all go through the search.
    monkeypatch.setattr(lossy, "WORTH_LOSING", 10.0)
    print(
        f"\n{'':<18} {'raw MB':>7} {'search x':>9} {'scan x':>7} {'of it':>6} {'search s':>8} "
        f"{'run s':>6} {'share':>6} {'trials':>6} {'a trial':>7}  plan / scan"
    )
    cases = [(_path(file), variable) for file, variable in SEARCHED]
    if measuring:  # a variable that is large beside the least that a search may spend
        cases.append((write_t2m(tmp_path / "t2m.nc", 1000, 721, 1440), "t2m"))
    for number, (path, variable) in enumerate(cases if measuring else cases[:1]):
        planned.clear()
        store = tmp_path / f"{number}.zarr"
        only = f"variables: {{'*': {{skip: true}}, {variable}: {{skip: false}}}}\n"
        recipe = parse_recipe(_recipe_text(path, store, only))
        started = time.perf_counter()
        run_recipe(recipe)
        run_seconds = time.perf_counter() - started
        case = planned[0]
        found = make_plan(recipe)[0].variable(variable)
        raw = sum(block.values.nbytes for block in case.first.blocks)
        mine, (scan, words) = _plan_size(case, found), _scanned(case)
        # Sizes do not depend on the machine.
        assert mine <= 1.03 * scan
        trial = float(np.median(case.trials)) / run_seconds
        print(
            f"{variable:<18} {case.subject.raw_bytes / 1e6:7.1f} {raw / mine:9.2f} "
            f"{raw / scan:7.2f} {mine / scan:6.3f} {case.seconds:8.2f} {run_seconds:6.1f} "
            f"{case.seconds / run_seconds:6.1%} {len(case.trials):6d} {trial:7.2%}  "
            f"{found.ladder[found.start].text} / {words}",
            flush=True,
        )
