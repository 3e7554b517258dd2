"""Claims about how a plan is shown: every decision, in 100 columns, and the cost with its basis."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from climcomp.archive import ArraySpec
from climcomp.bounds import ErrorBound
from climcomp.source import FileIdentity, SourceSpec
from climcomp_metrics.together.model import Group
from climcomp_workflows.plan.document import plan_document
from climcomp_workflows.plan.make import PlannedCost
from climcomp_workflows.plan.model import DatasetPlan, Plan, Rung, VariablePlan
from climcomp_workflows.plan.show import plan_text
from climcomp_workflows.plan.timing import START_SECONDS
from climcomp_workflows.recipe import Cost, parse_recipe
from climcomp_workflows.together.model import GroupPlan
from climcomp_workflows.workers import GpuWorkers, worker_count

LOSSLESS = Rung("lossless", (), None, None, "lossless")
RUNGS = tuple(
    Rung("sz3", (), (ErrorBound("absolute", bound),), None, f"sz3 within {bound} K")
    for bound in (0.1, 0.025)
)


def variable(name: str = "tas", **changes: Any) -> VariablePlan:
    spec = ArraySpec(
        path=name,
        shape=(1000, 180, 360),
        dims=("time", "lat", "lon"),
        dtype="float32",
        chunk=(10, 180, 360),
        shard=(100, 180, 360),
        attributes={"units": "K", "_FillValue": np.float32(1e20)},
        codec="block",
    )
    fields: dict[str, Any] = {
        "dataset": "", "source_name": name, "how": "lossy", "spec": spec, "decoded": False,
        "settings": None, "ladder": (*RUNGS, LOSSLESS), "start": 0, "exact": (),
        "enforced": "all", "on_fail": "lossless", "bound_text": "0.1 K",
        "bound_source": "recipe line 9 (tas)", "kind": "C", "reason": "temperature, by name tas",
        "notes": ("on sample blocks: sz3 10.0 x",), "source_bytes": 200_000_000,
        "amplification": 1.0, "estimated_bytes": 25_920_000,
    }  # fmt: skip
    return VariablePlan(**{**fields, **changes})


def group() -> GroupPlan:
    members = Group("wind", {"u": "ua", "v": "va"})
    return GroupPlan("", members, ("T5-vorticity", "T5-divergence"))


def carried(name: str) -> VariablePlan:
    spec = ArraySpec(name, (180,), ("lat",), "float64", (180,))
    return variable(
        name, how="carried", spec=spec, ladder=(LOSSLESS,), kind="L", source_bytes=1440,
        reason="coordinate: it has the name of its dimension", estimated_bytes=1440, notes=(),
    )  # fmt: skip


def plan(*variables: VariablePlan, **changes: Any) -> Plan:
    dataset = DatasetPlan(SourceSpec(("/data/a.nc",)), (FileIdentity("/data/a.nc", 200, 1),))
    fields: dict[str, Any] = {
        "name": "test", "recipe_text": "", "recipe_digest": "d" * 64, "datasets": {"": dataset},
        "groups": {"": {}}, "unlimited": {}, "variables": variables, "checks": {},
        "warnings": (), "skipped": {},
    }  # fmt: skip
    return Plan(**{**fields, **changes})


def test_the_groups_that_are_judged_together_are_named() -> None:
    found = plan(variable("ua"), variable("va"), together=(group(),))
    text = plan_text(found, COST, 4)
    assert "Together:\n  - wind of ua and va: T5-vorticity, T5-divergence\n" in text
    assert plan_document(found, COST, 4)["together"] == [
        {
            "label": "wind of ua and va",
            "relation": "wind",
            "members": {"u": "ua", "v": "va"},
            "criteria": ["T5-vorticity", "T5-divergence"],
        }
    ]
    assert "Together" not in plan_text(plan(variable()), COST, 4)


COST = [PlannedCost("tas", 10_000_000, 0.1)]


def test_every_decision_of_a_variable_is_shown() -> None:
    text = plan_text(plan(variable(), carried("lat")), COST, 4)
    for words in (
        "Plan of test: 1 variable within error bounds, 0 lossless, 1 carried over exactly",
        "tas  (time 1000, lat 180, lon 360) float32, K",
        "C continuous: temperature, by name tas",
        "0.1 K, by recipe line 9 (tas)",
        "begins with sz3 within 0.1 K; then sz3 within 0.025 K; then lossless",
        "10 shards of 100 x 180 x 360 (25.9 MB), in chunks of 10 x 180 x 360 (2.59 MB)",
        "259 MB of values, 200 MB in the source, about 25.9 MB in the archive: 10 x smaller",
        "on sample blocks: sz3 10.0 x",
        "Carried over exactly: 1 variable",
    ):
        assert words in text, text
    assert "reading " not in text.split("In all")[0]


def test_a_rung_that_the_samples_fail_is_not_where_it_begins() -> None:
    text = plan_text(plan(variable(start=1)), COST, 4)
    assert "sz3 within 0.1 K (the samples fail it); then begins with sz3 within 0.025 K" in text


def test_a_variable_that_may_be_refused_has_no_lossless_rung() -> None:
    text = plan_text(plan(variable(on_fail="refuse", enforced="bounds")), COST, 4)
    assert "then lossless" not in text
    assert "refused" in text
    assert "other criteria are only reported" in text


def test_read_amplification_is_shown_where_there_is_some() -> None:
    assert "the source is read 1.8 times" in plan_text(plan(variable(amplification=1.8)), COST, 4)


def test_the_time_is_the_measured_rate_and_the_assumptions() -> None:
    cost = plan_document(plan(variable()), COST, 4, planning_seconds=7.0)["cost"]
    raw_mb = 1000 * 180 * 360 * 4 / 1e6
    # 100 MB/s measured, as much again for checks, reading at 200 MB/s.
    assert cost["core_seconds"] == pytest.approx(2 * raw_mb / 100 + raw_mb / 200)
    fixed = 7.0 + START_SECONDS + cost["assumed_figures_seconds"]
    assert cost["wall_seconds"] == pytest.approx(fixed + cost["core_seconds"] / 4)
    assert cost["core_hours"] == pytest.approx(cost["wall_seconds"] * 4 / 3600)
    text = plan_text(plan(variable()), COST, 4, planning_seconds=7.0)
    assert "100 MB/s, measured on the samples" in text
    flat = " ".join(text.split())
    assert "reading at 200 MB/s" in flat
    assert "6.0 s to start, 7.0 s to plan, as just now and 5.1 s for figures" in flat
    assert "with 4 workers" in text


def test_what_is_not_counted_is_not_said_to_be() -> None:
    text = " ".join(plan_text(plan(variable(), figures=False), COST, 4).split())
    assert "200 MB/s a core; 6.0 s to start; no other work on the machine. 13.5 W a core" in text
    assert "figures" not in text


def test_the_energy_has_its_watts_and_the_source_of_them() -> None:
    text = " ".join(plan_text(plan(variable()), COST, 4).split())
    assert "Energy: about 0.319 Wh: 13.5 W a core x PUE 1.67, both assumed" in text
    assert "PUE 1.67: Green Algorithms 2021; 4 GB a core is our own" in text
    assert "cost.watts_per_core and cost.pue give yours." in text
    assert "Money" not in text


def test_the_recipes_prices_and_watts_are_in_the_plan() -> None:
    settings = cost_settings(
        watts_per_core=10, pue=1.2, storage_price="20 EUR/GB/year",
        core_hour_price="2 EUR/core-hour", copies=2,
    )  # fmt: skip
    text = plan_text(plan(variable()), COST, 4, settings)
    flat = " ".join(text.split())
    assert "10 W a core x PUE 1.2, both the recipe's" in flat
    assert "Green Algorithms" not in flat
    assert "about 174 MB saved, 348 MB in 2 copies, once the source files are deleted" in flat
    assert "6.96 EUR a year at 20 EUR/GB/year x 2 copies" in flat
    assert "the run takes about 0.0283 EUR at 2 EUR/core-hour; paid back in 1 day" in flat
    assert max(map(len, text.splitlines())) <= 100


def test_a_plan_of_nothing_divides_by_nothing() -> None:
    text = plan_text(plan(), [], 1, cost_settings(storage_price="20 EUR/TB/year"))
    assert "0 bytes in the source become about 0 bytes, in 0 objects" in text
    assert "nothing saved: the archive is as large as its source" in text


def cost_settings(**keys: object) -> Cost:
    return Cost.model_validate(keys)


def test_without_samples_nothing_is_said_to_be_measured() -> None:
    lossless = variable(how="lossless", ladder=(LOSSLESS,), kind="L")
    text = plan_text(plan(lossless), [], 1)
    assert "measured" not in text
    assert "Assumed: lossless coding at 100 MB/s" in text


def test_200_variables_fit_100_columns_and_carried_ones_a_line_each() -> None:
    long = "a_name_that_is_much_longer_than_anybody_would_think_" * 3
    many = [variable(f"v{n}_{long}", notes=("word " * 60,)) for n in range(20)]
    text = plan_text(
        plan(
            *many,
            *(carried(f"c{n}") for n in range(180)),
            carried(f"c_{long}"),
            warnings=("a gap in time " * 30,),
            skipped={"x": "compound " * 30},
        ),
        COST,
        4,
    )
    # A single word, such as a path, may be longer.
    wide = [line for line in text.splitlines() if len(line) > 100]
    assert not wide
    assert sum(line.startswith("  c") for line in text.splitlines()) == 181
    assert "Warnings:" in text
    assert "Left out:" in text


def test_the_document_is_json_and_sums_up() -> None:
    document = plan_document(plan(variable(), carried("lat")), COST, 4)
    json.dumps(document, allow_nan=False)
    assert document["totals"]["source_bytes"] == 200_001_440
    assert document["totals"]["shards"] == 11
    assert document["variables"][0]["bounds"] == [{"kind": "absolute", "value": 0.1}]


def test_steering_characters_of_a_source_reach_no_terminal() -> None:
    odd = variable(spec=replace(variable().spec, attributes={"units": "K\x1b[2J"}))
    assert "\x1b" not in plan_text(plan(odd), COST, 1)


@pytest.mark.parametrize(
    ("cluster", "expected"), [("{kind: inline}", 1), ("{kind: local, workers: 7}", 7)]
)
def test_the_workers_are_the_recipes(cluster: str, expected: int) -> None:
    text = "recipe: 1\nname: x\ninput: {files: a.nc}\noutput: {store: x.zarr}\n"
    text += f"cluster: {cluster}\n"
    assert worker_count(parse_recipe(text, Path("r.yaml"))) == expected


NCX = Rung("ncx", (), (ErrorBound("absolute", 0.1),), None, "ncx within 0.1 K")
LOGS = Rung(
    "log", (("inner", "ncx"),), (ErrorBound("pointwise_relative", 0.01),), None, "log by ncx"
)


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (None, "coded on the CPU: all work on the variable takes"),
        (GpuWorkers(4, 0, "no CUDA device is visible here"), "coded on the CPU (no CUDA device"),
        (GpuWorkers(4, 2, "two"), "coded on 2 GPU workers and the cores of the others; without a"),
        (GpuWorkers(1, 1, "one"), "coded on 1 GPU worker; without a GPU all work on the variable"),
        (GpuWorkers(4, 2, "", "asks for 2"), "a run here is refused: asks for 2"),
    ],
)
def test_where_ncx_runs_is_told_with_what_it_takes_on_the_cpu(
    found: GpuWorkers | None, says: str
) -> None:
    costs = [PlannedCost("tas", 10_000_000, 2.0)]
    planned = plan(variable(ladder=(NCX, LOSSLESS)), variable("tos"))
    text = " ".join(plan_text(planned, costs, 4, found=found).split())
    assert says in text
    # Twice 259 MB at 5 MB/s, and reading at 200: 104 s and 1.3.
    assert "takes 1 min 45 s of one core" in text
    on_gpu = found is not None and found.gpus > 0 and not found.refused
    assert ("what GPUs save and draw is not counted" in text) == on_gpu
    document = plan_document(planned, costs, 4, found=found)
    first, second = document["variables"]
    assert first["neural"]["on_gpu"] == on_gpu
    assert second["neural"] is None
    assert document["gpu"]["workers"] == (found.gpus if found else 0)


def test_logarithms_by_ncx_are_for_the_cpu() -> None:
    planned = plan(variable(ladder=(LOGS, LOSSLESS)))
    text = " ".join(plan_text(planned, COST, 4, found=GpuWorkers(4, 2)).split())
    assert "logarithms are coded on the CPU: all work on the variable takes" in text
    assert "GPU worker" not in text


def test_a_rung_that_the_samples_fail_asks_for_no_gpu() -> None:
    planned = plan(variable(ladder=(NCX, *RUNGS, LOSSLESS), start=1))
    assert plan_document(planned, COST, 4)["variables"][0]["neural"] is None
