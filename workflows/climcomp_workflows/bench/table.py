"""The bench as a table: one row for each variable, codec, bound and level."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from climcomp_workflows.bench.model import (
    Bench,
    Curve,
    Judged,
    LevelTrial,
    LosslessTrial,
    Trial,
    VariableBench,
)

_OF_TRIAL = (
    "variable", "unit", "codec", "factor", "bound_kind", "bound", "refused", "raw_bytes",
    "stored_bytes", "ratio", "bits_per_value", "largest_error", "rmse", "psnr_db",
    "largest_error_db", "failed",
)  # fmt: skip
_OF_LEVEL = ("level", "level_bound", "level_largest_error")
_OF_SPEED = ("encode_mb_s", "decode_mb_s")

Cell = str | int | float | None
Row = dict[str, Cell]


def csv_text(bench: Bench) -> str:
    """The text of bench.csv.

    What is of all levels together (sizes, errors of the sample blocks, `failed`, speeds) stands
    again in each level's row. A refused bound has one row without a level, a lossless codec one
    without a bound. Criteria have two columns: "P2" with the level's value, and "P2 outcome".
    Speeds stand in the last columns: they differ from run to run.
    """
    criteria = dict.fromkeys(name for v in bench.variables for name in v.criteria)
    judged = [column for name in criteria for column in (name, f"{name} outcome")]
    buffer = io.StringIO()
    columns = [*_OF_TRIAL, *_OF_LEVEL, *judged, *_OF_SPEED]
    writer = csv.DictWriter(buffer, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for variable in bench.variables:
        writer.writerows(_rows(variable))
    return buffer.getvalue()


def _rows(variable: VariableBench) -> Iterator[Row]:
    for curve in variable.curves:
        for trial in curve.trials:
            whole = _of_trial(variable, curve, trial)
            if not trial.levels:
                yield whole
            for level in trial.levels:
                yield {**whole, **_of_level(level)}
    for line in variable.lossless:
        yield _of_lossless(variable, line)


def _of_trial(variable: VariableBench, curve: Curve, trial: Trial) -> Row:
    row: Row = {
        "variable": variable.name,
        "unit": variable.unit,
        "codec": curve.label,
        "factor": trial.factor,
        "bound_kind": variable.bound_kind,
        "bound": trial.bound,
        "refused": trial.refused,
    }
    rate, speed = trial.rate, trial.speed
    if rate is not None and speed is not None:
        row |= {
            "raw_bytes": rate.raw_bytes,
            "stored_bytes": rate.stored_bytes,
            "ratio": rate.ratio,
            "bits_per_value": rate.bits_per_value,
            "largest_error": rate.largest_error,
            "rmse": rate.rmse,
            "psnr_db": rate.psnr_db,
            "largest_error_db": rate.largest_error_db,
            "failed": " ".join(trial.failed),
            "encode_mb_s": speed.encode_mb_s,
            "decode_mb_s": speed.decode_mb_s,
        }
    return row


def _of_level(level: LevelTrial) -> Row:
    return {
        "level": level.level,
        "level_bound": level.bound,
        "level_largest_error": level.largest_error,
        **_of_criteria(level.criteria),
    }


def _of_criteria(judged: dict[str, Judged]) -> Row:
    row: Row = {}
    for name, one in judged.items():
        row[name] = one.value
        row[f"{name} outcome"] = one.outcome
    return row


def _of_lossless(variable: VariableBench, line: LosslessTrial) -> Row:
    return {
        "variable": variable.name,
        "unit": variable.unit,
        "codec": line.codec,
        "raw_bytes": line.raw_bytes,
        "stored_bytes": line.stored_bytes,
        "ratio": line.ratio,
        "bits_per_value": line.bits_per_value,
        "encode_mb_s": line.speed.encode_mb_s,
        "decode_mb_s": line.speed.decode_mb_s,
    }
