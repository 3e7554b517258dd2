"""What a person tells a verification changes what is measured, and nothing that was promised."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from climcomp.errors import UsageError
from climcomp_workflows.plan.make import make_plan
from climcomp_workflows.plan.model import Plan
from climcomp_workflows.plan.show import plan_text
from climcomp_workflows.recipe import Recipe
from climcomp_workflows.verify.told import Told, trusted_code

CODE = "def front(original, decoded, grid):\n    return 0.0\n"
CHECKS = """quality: bounds
variables: {tas: {bound: 0.05 K}}
checks:
  suites: {spectral: {every: 4}, structure: {every: 2}}
  metrics: [{file: mine.py, name: front}]
"""


@pytest.fixture
def plan(
    source: Path,
    tmp_path: Path,
    make_recipe: Callable[..., Recipe],
    monkeypatch: pytest.MonkeyPatch,
) -> Plan:
    (tmp_path / "mine.py").write_text(CODE, "utf-8")
    monkeypatch.chdir(tmp_path)
    made, _ = make_plan(make_recipe(source, CHECKS))
    return Plan.from_dict(made.to_dict())


def test_the_strides_of_a_recipe_stand_in_the_plan(plan: Plan) -> None:
    settings = plan.variable("tas").settings
    assert settings is not None
    assert settings.every == {"spectra": 4, "dssim": 2}
    assert plan.checks["full"] is False


def test_nothing_told_leaves_the_plan_as_it_is(plan: Plan) -> None:
    assert Told().applied_to(plan) == plan
    assert Told().not_run(plan)[0].startswith("X-front (mine.py, SHA-256 ")


def test_in_full_every_time_step_is_measured_of_every_statistic(plan: Plan) -> None:
    full = Told(full=True).applied_to(plan)
    settings = full.variable("tas").settings
    assert settings is not None
    assert settings.every == {"*": 1, "spectra": 1, "dssim": 1}
    assert full.checks["full"] is True
    assert full.variable("tas").ladder == plan.variable("tas").ladder


def test_trusted_code_is_what_the_user_has(plan: Plan, tmp_path: Path) -> None:
    (digest,) = plan.own_code
    assert trusted_code(plan, True, ()) == trusted_code(plan, False, [tmp_path / "mine.py"])
    assert trusted_code(plan, True, ()) == (digest,)
    assert trusted_code(plan, False, ()) == ()
    trusting = Told(trusted=(digest,))
    settings = trusting.applied_to(plan).variable("tas").settings
    assert settings is not None
    assert settings.own[0].code == CODE
    assert trusting.not_run(plan) == ()
    (tmp_path / "other.py").write_text(CODE + "\n", "utf-8")
    with pytest.raises(UsageError, match=r"other\.py .* is not the code that the archive"):
        trusted_code(plan, False, [tmp_path / "other.py"])


def test_a_plan_shows_its_own_tests(plan: Plan) -> None:
    assert "own tests X-front" in plan_text(plan, [], 1)
