"""How long a run is thought to take: work that workers share, and what none of them shortens."""

from __future__ import annotations

import pytest

from climcomp.archive import ArraySpec
from climcomp_workflows.plan import timing
from climcomp_workflows.plan.make import PlannedCost
from tests.workflows.plan.test_show import carried, plan, variable


def test_a_measured_rate_takes_the_place_of_the_assumed_one() -> None:
    megabytes = 1000 * 180 * 360 * 4 / 1e6
    measured = timing.work_on(variable(), PlannedCost("tas", 10_000_000, 0.2))
    assert measured.rate == pytest.approx(50)
    assert measured.seconds == pytest.approx(2 * megabytes / 50 + megabytes / 200)
    assumed = timing.work_on(variable(), None)
    assert assumed.rate is None
    assert assumed.seconds == pytest.approx(2 * megabytes / 100 + megabytes / 200)


@pytest.mark.parametrize(("sampled", "seconds"), [(0, 0.1), (10, 0.0), (0, 0.0)])
def test_a_sample_of_nothing_gives_no_rate(sampled: int, seconds: float) -> None:
    assert timing.work_on(variable(), PlannedCost("tas", sampled, seconds)).rate is None
    assert timing.measured_rate([]) is None
    assert timing.measured_rate([PlannedCost("tas", 0, 0.0)]) is None


def test_reading_more_than_once_takes_longer() -> None:
    once, twice = (timing.work_on(variable(amplification=a), None).seconds for a in (1.0, 2.0))
    assert twice - once == pytest.approx(1000 * 180 * 360 * 4 / 1e6 / timing.READ_MB_PER_SECOND)


def test_more_workers_than_shards_do_not_help() -> None:
    found = plan(variable(), figures=False)
    work = [timing.work_on(found.variables[0], None)]  # ten shards
    ten, hundred = (timing.wall_seconds(found, work, workers, 0.0) for workers in (10, 100))
    assert ten == hundred == pytest.approx(timing.START_SECONDS + work[0].seconds / 10)
    assert timing.wall_seconds(found, work, 5, 0.0) == pytest.approx(
        timing.START_SECONDS + work[0].seconds / 5
    )


def test_figures_are_counted_where_there_will_be_some() -> None:
    assert timing.figures_seconds(plan(variable()), 1) == pytest.approx(5.5)
    assert timing.figures_seconds(plan(variable(), figures=False), 1) == 0
    assert timing.figures_seconds(plan(variable(how="lossless"), carried("lat")), 1) == 0


def test_what_no_worker_does_is_added() -> None:
    found = plan(carried("lat"), carried("lon"))
    assert timing.carry_seconds(found) == pytest.approx(2 * timing.CARRY_SECONDS)
    assert timing.wall_seconds(found, [], 4, 7.0) == pytest.approx(
        timing.START_SECONDS + 7.0 + 2 * timing.CARRY_SECONDS
    )


def test_a_variable_without_values_takes_no_time() -> None:
    spec = ArraySpec("none", (0, 4), ("time", "x"), "float32", (1, 4))
    empty = timing.work_on(variable(spec=spec), None)
    assert (empty.seconds, empty.shards) == (0, 0)
    assert timing.wall_seconds(plan(), [empty], 2, 0.0) == timing.START_SECONDS
