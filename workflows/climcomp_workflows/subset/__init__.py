"""A part of an archive as NetCDF or Zarr: chosen variables, times, box and levels."""

from climcomp_workflows.subset.extract import Subset, SubsetVariable, select, write_subset
from climcomp_workflows.subset.request import Box, Request, parse_box, parse_levels, parse_times

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
