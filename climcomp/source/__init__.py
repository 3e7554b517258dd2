"""Open NetCDF-3, NetCDF-4 and Zarr with their CF roles, and read them region by region."""

from climcomp.source.calendar import TimeAxis, read_time_axis, time_values
from climcomp.source.grid import Geometry, read_geometry
from climcomp.source.model import (
    FileIdentity,
    Packing,
    Roles,
    SourceSpec,
    SourceVariable,
)
from climcomp.source.opening import open_source
from climcomp.source.packing import decode, decoded_dtype, read_decoded
from climcomp.source.source import Source

__all__ = [
    "FileIdentity",
    "Geometry",
    "Packing",
    "Roles",
    "Source",
    "SourceSpec",
    "SourceVariable",
    "TimeAxis",
    "decode",
    "decoded_dtype",
    "open_source",
    "read_decoded",
    "read_geometry",
    "read_time_axis",
    "time_values",
]
