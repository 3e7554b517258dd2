"""What networks say at places that a person lists: the places, the answers, and their table."""

from climcomp_workflows.at_places.ask import Asked, ask_at
from climcomp_workflows.at_places.given import Places, parse_places
from climcomp_workflows.at_places.table import csv_text, document_of, text_of

__all__ = [
    "Asked",
    "Places",
    "ask_at",
    "csv_text",
    "document_of",
    "parse_places",
    "text_of",
]
