"""How far a verification has come, in lines: about one for each per cent."""

from __future__ import annotations

import time
from collections.abc import Callable

from climcomp_workflows.run.progress import in_words


class Pace:
    """Counts the bytes of one pass over the data; lives as long as the pass."""

    def __init__(self, say: Callable[[str], None], what: str, total_bytes: int) -> None:
        self._say, self._what, self._total = say, what, total_bytes
        self._done = self._said = 0
        self._name = ""
        self._started = time.monotonic()

    def add(self, size_bytes: int) -> None:
        """So many more bytes are done."""
        self._done += size_bytes
        # What comes in a moment needs no line.
        if self._done - self._said >= self._total / 100 and self._done < self._total:
            self._said = self._done
            seconds = max(time.monotonic() - self._started, 1e-9)
            rate = self._done / seconds
            self._say(
                f"{self._what}{self._name}: {100 * self._done / self._total:.0f} % of "
                f"{self._total / 1e9:.2f} GB, {rate / 1e6:.0f} MB/s, about "
                f"{in_words((self._total - self._done) / rate)} left"
            )

    def add_to(self, name: str, size_bytes: int) -> None:
        """The same, of one variable; it is named when it begins."""
        if self._name != f": {name}":
            self._name = f": {name}"
            self._say(f"{self._what}{self._name}")
        self.add(size_bytes)
