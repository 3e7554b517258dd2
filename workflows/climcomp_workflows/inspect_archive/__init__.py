"""What is in an archive: its variables, one of them, one of its chunks, or an unfinished run."""

from climcomp_workflows.inspect_archive.chunk import chunk_document, chunk_text
from climcomp_workflows.inspect_archive.contents import (
    archive_document,
    archive_text,
    full_name,
    variable_document,
    variable_text,
)
from climcomp_workflows.inspect_archive.unfinished import unfinished, unfinished_text

__all__ = [
    "archive_document",
    "archive_text",
    "chunk_document",
    "chunk_text",
    "full_name",
    "unfinished",
    "unfinished_text",
    "variable_document",
    "variable_text",
]
