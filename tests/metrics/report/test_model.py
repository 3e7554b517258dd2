"""The values of a report, their JSON and its schema."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable

import numpy as np
import pytest

from climcomp.errors import ArchiveDamagedError, ArchiveError
from climcomp_metrics.base import Verdict
from climcomp_metrics.report import (
    AttemptReport,
    BoundReport,
    ErrorReport,
    Report,
    ShardReport,
    SourceFile,
    TrialReport,
    TrialsReport,
    VariableReport,
    schema,
)

MakeVariable = Callable[..., VariableReport]
MakeVerdict = Callable[..., Verdict]
MakeReport = Callable[..., Report]


def through_json(report: Report) -> Report:
    return Report.from_dict(json.loads(json.dumps(report.to_dict(), allow_nan=False)))


def test_a_report_comes_back_from_json_as_it_was(full_report: Report) -> None:
    assert through_json(full_report) == full_report


def test_a_report_of_before_there_were_costs_has_none(full_report: Report) -> None:
    document = full_report.to_dict()
    assert full_report.cost is not None
    del document["cost"]
    assert Report.from_dict(document).cost is None


def test_a_damaged_cost_is_named(full_report: Report) -> None:
    document = full_report.to_dict()
    document["cost"]["workers"] = "many"
    with pytest.raises(ArchiveDamagedError, match=r"report\.cost\.workers is 'many', wanted int"):
        Report.from_dict(document)


def test_nan_and_infinity_survive_json_by_name(
    kept_variable: MakeVariable, report_of: MakeReport, verdict: MakeVerdict
) -> None:
    shown = (verdict("P5", "PSNR", "report", math.inf), verdict("P5", "nrmse", "report", math.nan))
    report = report_of(kept_variable(verdicts=shown))
    first, second = through_json(report).variables[0].verdicts
    assert first.value == math.inf
    assert second.value is not None
    assert math.isnan(second.value)


def test_numpy_numbers_become_json(kept_variable: MakeVariable, report_of: MakeReport) -> None:
    error = ErrorReport(value=np.float32(0.5), unit="K")  # type: ignore[arg-type]  # as kernels give
    variable = kept_variable(error=error, raw_bytes=np.int64(8), stored_bytes=np.int64(4))
    document = json.loads(json.dumps(report_of(variable).to_dict(), allow_nan=False))
    assert document["variables"][0]["error"]["value"] == 0.5
    assert document["variables"][0]["ratio"] == 2.0


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("outcome", ["pass", "warn"])
def test_a_pass_without_a_number_becomes_a_failure(
    kept_variable: MakeVariable, verdict: MakeVerdict, value: float | None, outcome: str
) -> None:
    variable = kept_variable(verdicts=(verdict("C2", "tile means", outcome, value, fail=0.003),))
    assert variable.verdicts[0].outcome == "fail"
    assert "without a finite value" in variable.verdicts[0].reason
    assert variable.standing == "fail"


@pytest.mark.parametrize("absent", ["F1", "P1"])
def test_a_lossy_variable_without_its_mask_or_bound_measured_is_unchecked(
    kept_variable: MakeVariable, absent: str
) -> None:
    verdicts = tuple(v for v in kept_variable().verdicts if v.criterion != absent)
    assert kept_variable(verdicts=verdicts).standing == "unchecked"


def test_standings_follow_the_worst_verdict(
    kept_variable: MakeVariable, judged_again: MakeVariable, verdict: MakeVerdict
) -> None:
    warned = judged_again(kept_variable(), verdict("C2", "tile means", "warn", 0.002))
    failed = judged_again(warned, verdict("D1", "body quantiles", "fail", 0.2))
    lossless = kept_variable(how="lossless", verdicts=())
    refused = kept_variable(how="refused", verdicts=())
    found = [v.standing for v in (kept_variable(), warned, failed, lossless, refused)]
    assert found == ["pass", "warn", "fail", "exact", "fail"]


def test_a_report_stands_as_its_worst_variable(
    kept_variable: MakeVariable, report_of: MakeReport
) -> None:
    refused = kept_variable("b", how="refused", stored_bytes=0)
    assert report_of(kept_variable(), refused).standing == "fail"
    assert report_of(kept_variable()).standing == "pass"
    assert report_of().standing == "exact"


def test_a_later_version_is_refused_with_both_versions(full_report: Report) -> None:
    with pytest.raises(ArchiveError, match="version 2, this climcomp reads 1"):
        Report.from_dict({**full_report.to_dict(), "report": 2})


def test_damage_is_named_with_its_place(full_report: Report) -> None:
    document = full_report.to_dict()
    document["variables"][2]["bound"]["value"] = "many"
    with pytest.raises(
        ArchiveDamagedError, match=r"report\.variables\[2\]\.bound\.value is 'many'"
    ):
        Report.from_dict(document)
    del document["variables"][2]["bound"]["value"]
    with pytest.raises(ArchiveDamagedError, match=r"variables\[2\]\.bound has no 'value'"):
        Report.from_dict(document)


def test_every_full_report_follows_its_schema(full_report: Report) -> None:
    validator = pytest.importorskip("jsonschema").Draft202012Validator
    validator.check_schema(schema())
    assert list(validator(schema()).iter_errors(full_report.to_dict())) == []


def test_the_schema_refuses_a_pass_without_a_number(full_report: Report) -> None:
    validator = pytest.importorskip("jsonschema").Draft202012Validator
    document = full_report.to_dict()
    document["variables"][0]["verdicts"][0]["value"] = None
    assert not validator(schema()).is_valid(document)


@pytest.mark.parametrize(
    ("kind", "name", "derived"),
    [
        (Report, None, {"report", "standing"}),
        (VariableReport, "variable", {"standing", "ratio"}),
        (Verdict, "verdict", set()),
        (BoundReport, "bound", set()),
        (ErrorReport, "error", set()),
        (AttemptReport, "attempt", set()),
        (ShardReport, "shards", set()),
        (SourceFile, "source_file", set()),
        (TrialReport, "trial", set()),
        (TrialsReport, "trials", set()),
    ],
)
def test_the_schema_names_every_field_and_no_other(
    kind: type, name: str | None, derived: set[str]
) -> None:
    described = schema() if name is None else schema()["$defs"][name]
    expected = {field.name for field in dataclasses.fields(kind)} | derived
    assert expected == set(described["properties"]) == set(described["required"])
