"""Names of a report's documents in the archive, and links between its pages."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

PAGE = "report.html"
FOLDER = "figures/"


@dataclass(frozen=True, slots=True)
class Names:
    """What the pages of a report are called, relative to the folder of the first.

    Parameters
    ----------
    page
        The report itself.
    folder
        Of the figures' pages, with a slash behind.
    """

    page: str = PAGE
    folder: str = FOLDER

    def of_figures(self, variable: str) -> str:
        """The page of a variable's figures."""
        return f"{self.folder}{quote(variable, safe='')}.html"


def names_for(page: str) -> Names:
    """The names beside a page that is written somewhere else than in an archive."""
    return Names(page, f"{page.rpartition('.')[0] or page}-{FOLDER}")


def data_name(variable: str) -> str:
    """The document with what the figures of a variable show."""
    return f"{FOLDER}{quote(variable, safe='')}.npz"


def link(name: str) -> str:
    """A relative address of a document: a file's name may hold what an address gives a meaning."""
    return quote(name)
