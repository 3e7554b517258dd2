"""Archives whose blocks are networks: fitted on a device or the CPU, or not where that fails.

The CPU stands in for the device, but for the test that is marked `gpu`.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from climcomp.codecs.neural.inr import block, fit
from climcomp.codecs.neural.inr.codec import Inr
from climcomp.errors import RecipeError
from climcomp.prepare import Body
from climcomp_metrics.report.model import VariableReport
from climcomp_workflows.cluster import devices
from climcomp_workflows.cluster.devices import Devices, find_devices
from climcomp_workflows.plan.make import PlannedCost, make_plan
from climcomp_workflows.plan.model import Plan
from climcomp_workflows.recipe import Recipe, parse_recipe
from climcomp_workflows.run import run_recipe
from climcomp_workflows.run.progress import Silent
from climcomp_workflows.verify import verify_archive
from tests.workflows.conftest import smooth_field

STEPS, ROWS, COLUMNS = 20, 24, 36
# Eight steps a shard, in chunks of four: three shards, of 2, 2 and 1 chunks.
LAYOUT = f"chunks: {{time: 4, lat: 24, lon: 36}}, shard_size: {8 * ROWS * COLUMNS * 4} B"
Write = Callable[..., Path]
MakeRecipe = Callable[..., Recipe]


@pytest.fixture(autouse=True)
def _short_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("climcomp.codecs.neural.inr.codec.USUAL_STEPS", 8)
    monkeypatch.setattr("climcomp.codecs.neural.inr.codec.USUAL_WAVE_STEPS", 8)


@pytest.fixture
def make(write_source: Write, tmp_path: Path) -> MakeRecipe:
    """Makes the recipe of `tas`, with gaps, by networks of a descent; more YAML as text."""
    tas = smooth_field(STEPS, ROWS, COLUMNS)
    tas[:4, 3:6, 4:9] = np.nan
    source = write_source(tas=tas)

    def make(
        more: str = "neural: {fit: normal}\n", *, codecs: str = "inr", cluster: str = "kind: inline"
    ) -> Recipe:
        return parse_recipe(
            f"recipe: 1\nname: fits\ninput: {{files: '{source}'}}\nquality: bounds\n"
            f"output: {{store: '{tmp_path / 'out.zarr'}', {LAYOUT}}}\ncluster: {{{cluster}}}\n"
            f"variables: {{tas: {{bound: 0.3 K, codecs: [{codecs}]}}}}\n"
            f"report: {{figures: false}}\n{more}"
        )

    return make


class OnDevice:
    """One device, as far as a run can tell; notes how many blocks each call was given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[int] = []
        self.error: Exception | None = None
        plain = Inr.encode_together

        def encode(codec: Inr, bodies: Sequence[Body], device: str, say: Any) -> list[Any]:
            self.calls.append(len(bodies))
            if self.error is not None:
                raise self.error
            return plain(codec, bodies, device, say)

        monkeypatch.setattr(Inr, "encode_together", encode)
        monkeypatch.setattr(devices, "DEVICE", "cpu")
        monkeypatch.setattr(
            "climcomp_workflows.workers.find_devices", lambda: Devices(1, "the CPU stands in")
        )


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> OnDevice:
    return OnDevice(monkeypatch)


class OncePlanned(Silent):
    """Does something once the plan is made."""

    def __init__(self, act: Callable[[], None]) -> None:
        self.act = act

    def begin(self, total_bytes: int, done_bytes: int) -> None:
        self.act()


def run(recipe: Recipe, once_planned: Callable[[], None] = lambda: None) -> VariableReport:
    """What the report of a sound archive says of `tas`."""
    outcome = run_recipe(recipe, progress=OncePlanned(once_planned))
    assert outcome.report is not None
    assert verify_archive(recipe.output.store, source=True).ok
    return next(v for v in outcome.report.variables if v.name == "tas")


def fits_diverge(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Has every fit diverge from then on."""
    return lambda: monkeypatch.setattr(fit.grids, "LATENT_RATE", float("nan"))


def test_a_device_fits_all_blocks_of_a_shard_together(make: MakeRecipe, device: OnDevice) -> None:
    found = run(make())
    assert device.calls == [2, 2, 1]
    assert found.codecs == {"inr": 5}
    assert not found.fallbacks


def test_workers_without_a_device_leave_fits_to_those_with_one(
    make: MakeRecipe, device: OnDevice
) -> None:
    recipe = make(cluster="kind: local, workers: 2, gpu: 1")
    outcome = run_recipe(recipe)
    assert outcome.report is not None
    assert "workers: encode on a GPU" in outcome.report.durations
    assert "workers: encode" not in outcome.report.durations
    assert not [text for v in outcome.report.variables for text in v.fallbacks]
    assert verify_archive(recipe.output.store, source=True).ok


def test_without_a_device_each_block_is_fitted_when_its_turn_comes(
    make: MakeRecipe, device: OnDevice
) -> None:
    assert run(make(cluster="kind: inline, gpu: none")).codecs == {"inr": 5}
    assert not device.calls


def test_least_squares_are_for_the_cpu(make: MakeRecipe, device: OnDevice) -> None:
    assert run(make("neural: {fit: fast}\n")).codecs == {"inr": 5}
    assert not device.calls


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
            "coded on the CPU: OutOfMemoryError: CUDA out of memory",
        ),
        (RuntimeError("CUDA error: an illegal"), "coded on the CPU: RuntimeError: CUDA error"),
    ],
)
def test_what_a_device_fails_to_fit_the_cpu_does_and_the_report_says_so(
    make: MakeRecipe, device: OnDevice, error: Exception, says: str
) -> None:
    device.error = error
    found = run(make())
    assert device.calls == [2, 2, 1]
    assert found.codecs == {"inr": 5}
    assert len(found.fallbacks) == 3
    assert all(says in text for text in found.fallbacks)


def test_the_report_says_where_a_device_held_fewer_blocks(
    make: MakeRecipe, device: OnDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = fit.refine_grids

    def refine(tasks: Sequence[Any], *rest: Any) -> list[Any]:
        if len(tasks) > 1:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return plain(tasks, *rest)

    monkeypatch.setattr(fit, "refine_grids", refine)
    found = run(make())
    assert found.codecs == {"inr": 5}
    assert found.fallbacks
    assert all("cpu has no memory to fit 2 blocks at once: 1" in text for text in found.fallbacks)


@pytest.mark.parametrize("cluster", ["kind: inline", "kind: inline, gpu: none"])
def test_a_shard_whose_fits_diverge_goes_to_the_next_rungs_and_the_report_says_so(
    make: MakeRecipe, device: OnDevice, cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = run(make(cluster=cluster), fits_diverge(monkeypatch))
    assert "inr" not in found.codecs
    # Of each shard both rungs by networks.
    assert len(found.fallbacks) == 6
    for text in found.fallbacks:
        assert "inr within" in text
        assert "the fit of codec 'inr' diverges: its cost is nan" in text
    assert device.calls == ([] if "none" in cluster else [2, 2, 2, 2, 1, 1])


def test_rivals_whose_fits_diverge_are_left_out_and_the_report_says_so(
    make: MakeRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_rivals(*arguments: Any) -> tuple[Plan, list[PlannedCost]]:
        plan, costs = make_plan(*arguments)
        variables = tuple(
            replace(
                v,
                ladder=tuple(
                    r if r.lossless else replace(r, rivals=(("inr", (("effort", 6),)),))
                    for r in v.ladder
                ),
            )
            for v in plan.variables
        )
        return replace(plan, variables=variables), costs

    monkeypatch.setattr("climcomp_workflows.run.prepare.make_plan", with_rivals)
    found = run(make(codecs="sz3"), fits_diverge(monkeypatch))
    assert found.codecs == {"sz3": 5}
    assert len(found.fallbacks) == 3
    assert all("without a network of its own: the fit of" in text for text in found.fallbacks)
    assert sum("2 blocks" in text for text in found.fallbacks) == 2


def test_a_shard_that_is_fitted_again_may_have_other_bytes(
    make: MakeRecipe, device: OnDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a device takes over what the CPU had begun: nothing compares them."""

    class Stopped(Exception):
        pass

    class StopsAfterOne(Silent):
        def shard(self, variable: Any, result: Any) -> None:
            raise Stopped

    recipe = make(cluster="kind: inline, gpu: none")
    with pytest.raises(Stopped):
        run_recipe(recipe, progress=StopsAfterOne())
    plain = block.choices_for_bound
    monkeypatch.setattr(block, "choices_for_bound", lambda *known: plain(*known)[-1:])
    # What is stored is damaged, and made again by other fits.
    stored = {path: path.read_bytes() for path in Path(recipe.output.store).glob("tas/c.*")}
    for path, data in stored.items():
        path.write_bytes(data[:-1] + b"?")
    found = run(make())
    assert found.codecs == {"inr": 5}
    assert stored
    assert [path for path, data in stored.items() if path.read_bytes() == data] == []
    assert sum(device.calls) == 5


def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "torch" else find(name)
    )
    monkeypatch.setitem(sys.modules, "torch", None)


def test_without_torch_the_plan_names_the_extra_and_what_does_without(
    make: MakeRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_torch(monkeypatch)
    says = (
        r"inr needs a package .* pip install 'climcomp\[neural\]', write neural: {inr: grids, "
        r"fit: fast}, or"
    )
    with pytest.raises(RecipeError, match=says):
        make_plan(make())
    for more in ("", "neural: {fit: fast}\n"):
        make_plan(make(more))
    assert run(make("")).codecs == {"inr": 5}


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ("{time: 4, lat: 24, lon: 36}", (-86.25, 86.25)),
        ("{time: 4, lat: 24, lon: 18}", (-86.25, 86.25)),
        ("{time: 4, lat: 12, lon: 36}", None),
    ],
)
def test_blocks_of_whole_fields_are_told_their_latitudes(
    write_source: Write, tmp_path: Path, chunks: str, expected: tuple[float, float] | None
) -> None:
    source = write_source(tas=smooth_field(8, ROWS, COLUMNS))
    recipe = parse_recipe(
        f"recipe: 1\nname: fits\ninput: {{files: '{source}'}}\nquality: bounds\n"
        f"output: {{store: '{tmp_path / 'out.zarr'}', chunks: {chunks}}}\n"
        "variables: {tas: {bound: 0.3 K, codecs: [inr]}}\nneural: {inr: siren}\n"
        "cluster: {kind: inline}\nreport: {figures: false}\n"
    )
    plan = make_plan(recipe)[0]
    rung = plan.variable("tas").ladder[0]
    assert rung.codec == "inr"
    assert dict(rung.settings).get("latitudes") == expected
    assert dict(rung.settings)["kind"] == "siren"
    assert Plan.from_dict(plan.to_dict()).variable("tas").ladder[0] == rung
    if expected is not None:
        assert run(recipe).codecs["inr"] > 0


@pytest.mark.gpu
def test_networks_that_a_real_device_fits_are_sound(make: MakeRecipe) -> None:
    found = find_devices()
    if not found.count:
        pytest.skip(f"no CUDA device: {found.why}")
    report = run(make(cluster="kind: inline, gpu: 1"))
    assert report.codecs == {"inr": 5}
    assert not report.fallbacks
