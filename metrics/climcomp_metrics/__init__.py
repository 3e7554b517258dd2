"""Climate metrics of original against decoded data, and the criteria on them."""

from climcomp_metrics.base import Criterion, Limits, Metric, State, Statistic, Value, Verdict
from climcomp_metrics.bins import Bins, make_bins
from climcomp_metrics.compare import compare, metric
from climcomp_metrics.comparison import Comparison
from climcomp_metrics.criteria import all_criteria, find_criterion, make_limits
from climcomp_metrics.field import Axes, FieldSettings, Place, canonical
from climcomp_metrics.judge import judge
from climcomp_metrics.measure import measure
from climcomp_metrics.physical import ShardCheck, check_shard
from climcomp_metrics.plugins import Grid, OwnMetric, read_own_metric
from climcomp_metrics.shard_verdicts import merge_checks, shard_verdicts
from climcomp_metrics.state import from_bytes, merge, to_bytes
from climcomp_metrics.suites import CRITERIA
from climcomp_metrics.summarise import summarise

__all__ = [
    "CRITERIA",
    "Axes",
    "Bins",
    "Comparison",
    "Criterion",
    "FieldSettings",
    "Grid",
    "Limits",
    "Metric",
    "OwnMetric",
    "Place",
    "ShardCheck",
    "State",
    "Statistic",
    "Value",
    "Verdict",
    "all_criteria",
    "canonical",
    "check_shard",
    "compare",
    "find_criterion",
    "from_bytes",
    "judge",
    "make_bins",
    "make_limits",
    "measure",
    "merge",
    "merge_checks",
    "metric",
    "read_own_metric",
    "shard_verdicts",
    "summarise",
    "to_bytes",
]
