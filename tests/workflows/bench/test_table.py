"""The CSV and the JSON: the same numbers, for whoever reads which."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

import jsonschema
import pytest

from climcomp.errors import UsageError
from climcomp_workflows.bench.document import schema, to_dict, to_json
from climcomp_workflows.bench.folder import JSON, check_folder
from climcomp_workflows.bench.table import csv_text
from tests.workflows.bench.test_page import FACTORS, SMALL, bench, variable


def rows() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_text(SMALL))))


def number(text: str) -> float | None:
    return float(text) if text else None


def test_the_csv_and_the_json_agree_on_every_number() -> None:
    document = json.loads(to_json(SMALL))
    table = iter(rows())
    for one in document["variables"]:
        for curve in one["curves"]:
            for trial in curve["trials"]:
                for level in trial["levels"] or [None]:
                    row = next(table)
                    assert (row["variable"], row["codec"]) == (one["name"], curve["label"])
                    _agrees(row, trial, level)
        for line in one["lossless"]:
            row = next(table)
            assert (row["codec"], row["factor"], row["level"]) == (line["codec"], "", "")
            assert float(row["ratio"]) == line["ratio"]
            assert float(row["encode_mb_s"]) == line["speed"]["encode_mb_s"]
    assert list(table) == []


def _agrees(row: dict[str, str], trial: dict[str, Any], level: dict[str, Any] | None) -> None:
    assert float(row["factor"]) == trial["factor"]
    assert float(row["bound"]) == trial["bound"]
    assert row["refused"] == trial["refused"]
    rate, speed = trial["rate"] or {}, trial["speed"] or {}
    for name in ("raw_bytes", "stored_bytes", "ratio", "bits_per_value", "largest_error", "rmse",
                 "psnr_db", "largest_error_db"):  # fmt: skip
        assert number(row[name]) == rate.get(name)
    for name in ("encode_mb_s", "decode_mb_s"):
        assert number(row[name]) == speed.get(name)
    assert row["failed"].split() == trial["failed"]
    if level is None:
        assert row["level"] == ""
        return
    assert int(row["level"]) == level["level"]
    assert float(row["level_bound"]) == level["bound"]
    assert float(row["level_largest_error"]) == level["largest_error"]
    for name, value in level["values"].items():
        assert number(row[name]) == value
        assert row[f"{name} outcome"] == level["outcomes"][name]


def test_speeds_are_the_last_columns() -> None:
    assert list(rows()[0])[-2:] == ["encode_mb_s", "decode_mb_s"]


def test_a_refusal_is_one_row_with_its_reason() -> None:
    refused = [row for row in rows() if row["refused"]]
    assert len(refused) == len(FACTORS) * len(SMALL.variables)
    assert {row["codec"] for row in refused} == {"zfp"}
    assert {row["ratio"] for row in refused} == {""}


def test_the_json_is_what_its_schema_says() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(to_dict(SMALL), schema())
    wrong = to_dict(SMALL)
    wrong["variables"][0]["curves"][0]["trials"][0]["outcomes"]["P2"] = "perhaps"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, schema())


def test_infinite_decibels_are_texts_and_valid() -> None:
    from dataclasses import replace

    first = SMALL.variables[0]
    trial = first.curves[0].trials[0]
    assert trial.rate is not None
    exact = replace(trial, rate=replace(trial.rate, psnr_db=math.inf, largest_error_db=None))
    curve = replace(first.curves[0], trials=(exact,))
    one = bench(variable("t", curves=(curve,)))
    document = json.loads(to_json(one))
    jsonschema.validate(document, schema())
    rate = document["variables"][0]["curves"][0]["trials"][0]["rate"]
    assert (rate["psnr_db"], rate["largest_error_db"]) == ("Infinity", None)
    assert next(csv.DictReader(io.StringIO(csv_text(one))))["psnr_db"] == "inf"


def test_only_a_folder_that_is_free_or_holds_a_bench_is_taken(tmp_path: Any) -> None:
    check_folder(tmp_path / "new" / "deep")
    check_folder(tmp_path)
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match=r"is not empty and holds no bench \(thesis.tex\); name"):
        check_folder(tmp_path)
    for text in ("{}", "[1]", "not JSON", '{"report": 1}'):
        (tmp_path / JSON).write_text(text)
        with pytest.raises(UsageError, match="holds no bench"):
            check_folder(tmp_path)
    (tmp_path / JSON).write_text(to_json(SMALL))
    check_folder(tmp_path)
    with pytest.raises(UsageError, match="is a file; name a folder"):
        check_folder(tmp_path / "thesis.tex")
