"""Criteria on extremes; not for B, which saturates."""

from __future__ import annotations

from climcomp_metrics.base import Criterion

CRITERIA: tuple[Criterion, ...] = (
    Criterion(
        "E1", "tail quantiles", "extreme values moved",
        "CP", "climcomp_metrics.extremes:TailQuantiles", "sigma", 0.02, 0.05, "calibrated",
    ),
    Criterion(
        "E2", "expected shortfall", "the mean of the most extreme values moved",
        "CP", "climcomp_metrics.extremes:ExpectedShortfall", "sigma", 0.005, 0.01, "calibrated",
    ),
    Criterion(
        "E3", "conditional tail bias", "extremes were clipped or pulled in",
        "CP", "climcomp_metrics.extremes:ConditionalTailBias", "sigma", 0.002, 0.005, "calibrated",
    ),
    Criterion(
        "E4", "exceedance CSI", "extremes happen at other places or times",
        "CP", "climcomp_metrics.extremes:ExceedanceCsi", "1", 0.99, 0.98, "forecast verification",
        least=True,
    ),
    Criterion(
        "E5", "cell-maximum bias", "record highs of the grid cells moved",
        "CP", "climcomp_metrics.extremes:CellMaximumBias", "sigma", 0.001, 0.002,
        "TXx practice, calibrated",
    ),
    Criterion(
        "E6-TXx", "warmest value of the year", "hot extremes moved",
        "C", "climcomp_metrics.annual.etccdi:WarmestDay", "sigma", 0.001, 0.0025,
        "xclim, argued",
    ),
    Criterion(
        "E6-TNn", "coldest value of the year", "cold extremes moved",
        "C", "climcomp_metrics.annual.etccdi:ColdestDay", "sigma", 0.001, 0.0025,
        "xclim, argued",
    ),
    Criterion(
        "E6-Rx1day", "wettest day of the year", "heavy rain was lost or made",
        "P", "climcomp_metrics.annual.etccdi:WettestDay", "1", 0.002, 0.005,
        "xclim, argued",
    ),
    Criterion(
        "E6-Rx5day", "wettest five days of the year", "floods' rain was lost or made",
        "P", "climcomp_metrics.annual.etccdi:WettestFiveDays", "1", 0.002, 0.005,
        "xclim, argued",
    ),
    Criterion(
        "E6-R95pTOT", "rain of very wet days", "heavy rain gives more or less of the total",
        "P", "climcomp_metrics.annual.very_wet_days:VeryWetDays", "1", 0.005, 0.0125,
        "xclim, argued",
    ),
    Criterion(
        "E6-TX90p", "hot days", "hot days became more or fewer",
        "C", "climcomp_metrics.annual.hot_days:HotDays", "percentage points", 0.1, 0.25,
        "xclim, argued",
    ),
    Criterion(
        "E6-CDD", "longest dry run of the year", "droughts became longer or shorter",
        "P", "climcomp_metrics.annual.etccdi:DryRuns", "percentage points", 0.1, 0.25,
        "xclim, argued",
    ),
    Criterion(
        "E6-CWD", "longest wet run of the year", "wet spells became longer or shorter",
        "P", "climcomp_metrics.annual.etccdi:WetRuns", "percentage points", 0.1, 0.25,
        "xclim, argued",
    ),
    Criterion(
        "E7", "return level", "20-year extremes moved",
        "CP", "climcomp_metrics.annual.return_level:ReturnLevel", "standard errors", 0.1, 0.25,
        "argued: .25 widens a confidence interval by 3 %",
    ),
    Criterion(
        "E8", "fractions skill score", "rain or high values moved to other places",
        "P", "climcomp_metrics.similarity.fractions:FractionsSkillScore", "1", 0.999, 0.99,
        "Roberts and Lean 2008", least=True,
    ),
)  # fmt: skip
