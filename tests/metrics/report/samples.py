"""Reports to show: one with every kind of verdict, one of any number of variables."""

from __future__ import annotations

from dataclasses import replace

from climcomp_metrics.base import Outcome, Verdict
from climcomp_metrics.report import (
    AttemptReport,
    BoundReport,
    CostReport,
    ErrorReport,
    Report,
    ShardReport,
    SourceFile,
    TrialReport,
    TrialsReport,
    VariableReport,
)

MEGABYTE = 1_000_000


def judged(
    criterion: str,
    metric: str,
    outcome: Outcome = "pass",
    value: float | None = None,
    unit: str = "1",
    warn: float | None = None,
    fail: float | None = None,
    source: str = "METRICS: calibrated",
    **others: str,
) -> Verdict:
    return Verdict(criterion, metric, outcome, value, unit, warn, fail, source, **others)


def verdicts() -> tuple[Verdict, ...]:
    record = judged
    return (
        record("F1", "mask", "pass", 0.0, "values", None, 0.0, "METRICS.md"),
        record(
            "P1",
            "largest error",
            "pass",
            0.00998,
            "K",
            None,
            0.01,
            "recipe line 12",
            place="time 17 (1860-06-01), lat 20, lon 41",
        ),
        record("P2", "bias", "pass", 4.1e-5, "1", 3e-4, 1e-3, "calibrated"),
        record("P4", "pooled Pearson", "pass", 2.2e-7, "1", 1e-5, None, "Wegener 2013, Baker 2014"),
        record("P5", "PSNR", "report", 71.3, "dB"),
        record("P8", "error-Laplacian correlation", "pass", 0.006, "1", 0.02, 0.05, "calibrated"),
        record("D1", "body quantiles", "pass", 0.0011, "sigma", 0.01, 0.02, "calibrated"),
        record("D4", "SD ratio", "pass", 2e-5, "1", 3e-4, 1e-3, "calibrated"),
        record(
            "E1",
            "tail quantiles",
            "pass",
            0.004,
            "sigma",
            0.02,
            0.05,
            "calibrated",
            place="quantile 0.9999",
        ),
        record("E4", "exceedance CSI", "pass", 0.9951, "1", 0.99, 0.98, "forecast verification"),
        record(
            "C1", "global mean series", "pass", 0.0003, "1", 0.005, 0.01, "argued", place="time 3"
        ),
        record("C2", "tile means", "pass", 0.00091, "1", 0.001, 0.003, "calibrated"),
        record("T2", "gradient", "pass", 0.013, "1", 0.05, 0.1, "Poppick 2020"),
        record(
            "T1",
            "DSSIM",
            "pass",
            0.9985,
            "1",
            0.995,
            0.99,
            "NCAR",
            place="time 64",
            sampled="every 64th slice (32 of 2880)",
        ),
        record(
            "M1",
            "variance ratio",
            "n/a",
            None,
            "1",
            2e-3,
            5e-3,
            reason="12 time steps, 30 are needed",
        ),
    )


def kept(name: str = "tas", **changes: object) -> VariableReport:
    variable = VariableReport(
        name=name,
        how="lossy",
        dims=("time", "lat", "lon"),
        shape=(240, 37, 49),
        dtype="float32",
        kind="C",
        unit="K",
        long_name="Air temperature at 1.5 m",
        standard_name="air_temperature",
        source_bytes=12 * MEGABYTE,
        raw_bytes=17 * MEGABYTE,
        stored_bytes=1_290_000,
        codecs={"sz3": 240},
        bound=BoundReport(
            text="0.01 K", kind="absolute", value=0.01, choice="METRICS.md table of default bounds"
        ),
        error=ErrorReport(value=0.00998, unit="K", place="time 17, lat 20, lon 41"),
        attempts=(AttemptReport(rung="sz3 at 0.01 K"),),
        shards=ShardReport(total=12, rungs={"sz3 at 0.01 K": 12}),
        verdicts=verdicts(),
        notes=("sigma is 3.2 K: deseasonalised standard deviation in time, mean over cells",),
        masked_share=0.0,
    )
    return replace(variable, **changes)  # type: ignore[arg-type]  # fields by name


def with_verdict(variable: VariableReport, *others: Verdict) -> VariableReport:
    """The variable with its verdicts on the criteria of `others` replaced by these."""
    named = {verdict.criterion for verdict in others}
    rest = tuple(verdict for verdict in variable.verdicts if verdict.criterion not in named)
    return replace(variable, verdicts=rest + others)


def cost(**changes: object) -> CostReport:
    """Of a run with every price stated and no watts; sums that agree with each other."""
    made = CostReport(
        measured=True,
        wall_seconds=3600.0,
        workers=16,
        core_hours=16.0,
        energy_kwh=0.36,
        watts_per_core=13.49,
        watts_assumed=True,
        pue=1.67,
        pue_assumed=True,
        source_bytes=1_500_000_000_000,
        stored_bytes=300_000_000_000,
        saved_bytes=2_400_000_000_000,
        copies=2,
        energy_price="0.30 EUR/kWh",
        core_hour_price="0.02 EUR/core-hour",
        storage_price="20 EUR/TB/year",
        currency="EUR",
        energy_money=0.108,
        core_hour_money=0.32,
        storage_money_a_year=48.0,
        payback_years=0.428 / 48,
        years=5.0,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # fields by name


def report(*variables: VariableReport, **changes: object) -> Report:
    made = Report(
        name="hadcm3-a1b",
        created="2026-03-01T12:00:00+00:00",
        climcomp="0.1.0",
        versions={"pysz": "1.1.0", "zarr": "3.1.3", "numpy": "2.2.0"},
        recipe_digest="9f2c" * 16,
        plan_digest="51ab" * 16,
        source=(SourceFile(name="A1B_north_america.nc", size_bytes=1_800_000, mtime_ns=10**18),),
        variables=variables,
        source_bytes=sum(variable.source_bytes for variable in variables),
        stored_bytes=sum(variable.stored_bytes for variable in variables) + 20_000,
        not_checked=("criteria over several variables (C4 to C6) are not part of this version",),
        warnings=("time gap between 1920-11-16 and 1921-01-16: one step is missing",),
        durations={"read": 3.2, "encode": 130.4, "check": 61.0, "write": 0.41},
        cost=cost(),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # fields by name


def everything() -> tuple[VariableReport, ...]:
    rain_bound = BoundReport(
        text="1 %", kind="pointwise_relative", value=0.01, choice="recipe line 14"
    )
    levels_bound = BoundReport(
        text="0.01 sigma",
        kind="absolute",
        value=0.03,
        choice="0.01 sigma",
        lowest=0.012,
        highest=0.055,
        kept=(0.003, 0.01375),
    )
    trials = TrialsReport(
        piece="8 time steps about the largest error",
        raw_bytes=100_000,
        unit="m s-1",
        trials=(
            TrialReport(
                setting="sz3 within 0.01 m s-1",
                stored_bytes=9000,
                largest_error=0.01,
                failed=("D1", "S1"),
            ),
        ),
        kept=0,
    )
    warned = judged(
        "P8", "error-Laplacian correlation", "warn", 0.031, "1", 0.02, 0.05, place="level 3"
    )
    failed = judged(
        "C1",
        "global mean series",
        "fail",
        0.0104,
        "1",
        0.005,
        0.01,
        "recipe line 31",
        place="time 88 (1867-05-01)",
    )
    no_area = judged("C2", "tile means", "n/a", None, reason="the grid has no cell areas")
    required = judged(
        "C2",
        "tile means",
        "fail",
        None,
        reason="required by the recipe (line 40), but the grid has no cell areas",
    )
    plugin = judged("my_metric", "lee waves <b>", "pass", 0.2, "m s-1", 0.5, 1.0, "recipe line 50")
    return (
        kept(),
        with_verdict(
            kept(
                "grp1/ua",
                unit="m s-1",
                long_name="Eastward wind",
                bound=levels_bound,
                dims=("time", "lev", "lat", "lon"),
                shape=(240, 26, 64, 128),
                error=ErrorReport(value=0.0549, unit="m s-1", place="level 3, time 4"),
                shards=ShardReport(total=12, rungs={"sz3 at 0.01 K": 10, "sz3 at 0.0025 K": 2}),
                sigma=(1.2, 3.4),
                figures="figures/grp1%2Fua.npz",
                trials=trials,
            ),
            warned,
            no_area,
            plugin,
        ),
        kept(
            "pr",
            unit="kg m-2 s-1",
            kind="P",
            bound=rain_bound,
            codecs={"rounding": 200, "lossless": 40},
            long_name="Precipitation",
            fallbacks=(
                "shards 3 and 7 are stored losslessly: their rounded values broke the bound",
            ),
            error=ErrorReport(value=0.0078, unit="1", place="time 1, lat 2, lon 3"),
            attempts=(
                AttemptReport(
                    rung="sz3 at 1 %", failed=("C3 total of P is 0.0014 (fails above 0.001)",)
                ),
                AttemptReport(rung="rounding at 1 %"),
            ),
        ),
        with_verdict(kept("zg_bad", unit="m", long_name="Geopotential height"), failed, required),
        kept(
            "siconc",
            how="lossless",
            bound=None,
            error=None,
            codecs={"lossless": 24},
            verdicts=(),
            fallbacks=("T4 blockiness failed at every lossy rung",),
            kind="BM",
            masked_share=0.62,
        ),
        kept(
            "mrso",
            how="refused",
            stored_bytes=0,
            verdicts=(failed,),
            error=None,
            not_checked=("everything after C1",),
        ),
        kept("unseen", verdicts=()),
        kept(
            "<script>alert(1)</script>",
            long_name='"><img src=x onerror=alert(1)>',
            notes=("<script>alert(2)</script>", "\x1b[2J\u202e"),
        ),
        *(
            kept(
                name,
                how="carried",
                bound=None,
                error=None,
                verdicts=(),
                raw_bytes=400,
                stored_bytes=300,
                source_bytes=400,
                attempts=(),
                shards=None,
                shape=(49,),
                dims=("lon",),
                dtype="float64",
                kind="L",
            )
            for name in ("lat", "lon", "time_bnds")
        ),
    )
