"""The receipt says what was verified of what, in words and as JSON: no more than it knows."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.metadata import PackageNotFoundError

import pytest

from climcomp_metrics.base import Verdict
from climcomp_workflows.receipt import Receipt, VariableReceipt, software_text


def verdict(criterion: str, outcome: str, value: float | None, fail: float | None) -> Verdict:
    return Verdict(
        criterion=criterion,
        metric=criterion,
        outcome=outcome,
        value=value,
        unit="K",
        warn=None,
        fail=fail,
        source="METRICS.md",
        place="time 3",
        reason="no time axis" if value is None else "",
        sampled="",
    )


TAS = VariableReceipt(
    "tas",
    True,
    "within its bound",
    verdicts=(
        verdict("P1", "pass", 0.0499, 0.05),
        verdict("C1", "warn", 0.02, 0.03),
        verdict("E1", "n/a", None, 1.0),
    ),
)
GOOD = Receipt(
    archive="/archive/t.zarr",
    manifest_sha256="ab" * 32,
    date="2026-11-20T07:00:00+00:00",
    objects=12,
    bytes=3456,
    damaged=(),
    recipe_digest="cd" * 32,
    plan_digest="ef" * 32,
    source_files=(("/data/t.nc", 7890),),
    with_source=True,
    variables=(TAS, VariableReceipt("lat", True, "exact")),
    software="climcomp 0.1.0",
)


def test_the_text_has_what_a_centre_must_keep() -> None:
    text = GOOD.text()
    for wanted in (
        "2026-11-20T07:00:00+00:00", "/archive/t.zarr", "ab" * 32, "cd" * 32, "ef" * 32,
        "climcomp 0.1.0", "12 of 3,456 bytes", "/data/t.nc (7,890 bytes)",
        "1 tests passed, 1 warned, 1 n/a", "largest error 0.0499 K, bound 0.05 K",
        "warning: C1", "lat: exact",
    ):  # fmt: skip
        assert wanted in text
    assert text.splitlines()[-1].startswith("VERIFIED: every object is intact, and all 2 variables")


def test_without_the_source_it_says_that_values_were_not_compared() -> None:
    last = replace(GOOD, with_source=False, variables=()).text().splitlines()[-1]
    assert last.startswith("VERIFIED")
    assert "not compared" in last


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"damaged": ("tas/c.0: missing",)}, "1 damaged object."),
        ({"foreign": ("tas/c.9",)}, "1 object that did not come with its publication"),
        ({"uncompared": "the plan is damaged"}, "could not be compared"),
        ({"variables": (TAS, VariableReceipt("pr", False, "exact", ("x",)))}, "failed: pr"),
    ],
)
def test_anything_wrong_makes_it_not_ok_and_keeps_the_originals(
    change: dict[str, object], words: str
) -> None:
    receipt = replace(GOOD, **change)
    assert not receipt.ok
    assert not receipt.to_dict()["ok"]
    last = receipt.text().splitlines()[-1]
    assert last.startswith("NOT VERIFIED")
    assert words in last
    assert "Keep the originals" in last


def test_a_variable_that_failed_is_never_called_what_it_was_to_be() -> None:
    for how in ("exact", "within its bound"):
        line = VariableReceipt("pr", False, how, ("tas/c.0 differs",)).line()
        assert "FAILED" in line
        assert f": {how}" not in line


def test_what_the_archive_lacks_is_named_although_the_rest_is_verified() -> None:
    receipt = replace(GOOD, absent=(("pr", "the recipe says skip: true"),))
    assert receipt.ok
    assert "ABSENT pr: the recipe says skip: true" in receipt.text()
    assert "keep those" in receipt.text().splitlines()[-1]


def test_metrics_that_were_not_run_are_named_and_not_claimed() -> None:
    receipt = replace(GOOD, not_run=("X-front (mine.py, SHA-256 0123)",))
    text = receipt.text()
    assert receipt.ok
    assert "NOT RUN X-front (mine.py, SHA-256 0123): its code lies in the archive" in text
    assert "every enforced test but 1 that were not run passed" in text
    assert receipt.to_dict()["not_run"] == ["X-front (mine.py, SHA-256 0123)"]


def test_it_is_json() -> None:
    document = json.loads(json.dumps(GOOD.to_dict(), allow_nan=False))
    assert document["receipt"] == 1
    assert document["source"] == [{"name": "/data/t.nc", "size_bytes": 7890}]
    assert [v["name"] for v in document["variables"]] == ["tas", "lat"]
    assert document["variables"][0]["verdicts"][0]["criterion"] == "P1"


def test_it_names_the_software_that_judged() -> None:
    text = software_text()
    assert text.startswith("climcomp ")
    assert "zarr 3" in text


def test_an_optional_library_is_named_only_where_it_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "numcodecs-wasm-sperr 0." in software_text()

    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("climcomp_workflows.receipt.version", absent)
    assert "sperr" not in software_text()
    assert "climcomp (version unknown)" in software_text()
