"""A part of an archive as NetCDF or Zarr: chosen variables, times, box and levels."""

from climcomp_workflows.subset.part import Subset, SubsetVariable
from climcomp_workflows.subset.request import Box, Request, parse_box, parse_levels, parse_times
from climcomp_workflows.subset.select import select
from climcomp_workflows.subset.write import write_subset

__all__ = [
    "Box",
    "Request",
    "Subset",
    "SubsetVariable",
    "parse_box",
    "parse_levels",
    "parse_times",
    "select",
    "write_subset",
]
