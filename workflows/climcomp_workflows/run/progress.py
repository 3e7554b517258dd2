"""What an operator sees of a run: a bar on a terminal, plain lines in a log."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from climcomp_workflows.run.variable import VariableRun
    from climcomp_workflows.shard import ShardResult

LOG_SECONDS = 30.0  # a line in a log at most this often: a run of weeks must not fill a disk


class Progress(Protocol):
    """Told of everything that a run does."""

    def begin(self, total_bytes: int, done_bytes: int) -> None:
        """The run starts: raw bytes in all, and those that an earlier run has done."""

    def say(self, text: str) -> None:
        """A line for the operator."""

    def shard(self, variable: VariableRun, result: ShardResult) -> None:
        """A shard is stored."""

    def attempt(self, variable: VariableRun, rung: str) -> None:
        """A variable begins again, from this rung on."""

    def end(self) -> None:
        """Nothing more comes."""


class Silent:
    """Says nothing: for callers from Python and for --json."""

    def begin(self, total_bytes: int, done_bytes: int) -> None:
        """Nothing."""

    def say(self, text: str) -> None:
        """Nothing."""

    def shard(self, variable: VariableRun, result: ShardResult) -> None:
        """Nothing."""

    def attempt(self, variable: VariableRun, rung: str) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""


def in_words(seconds: float) -> str:
    """A duration for a person: "90 s", "40 min", "3.5 h", "12.0 d"."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    if seconds < 172800:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.1f} d"


class Lines:
    """Plain lines, for a log file or a pipe."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._total = self._done = self._before = self._stored = self._raw = 0
        self._started = self._last = time.monotonic()

    def say(self, text: str) -> None:
        """A line of its own."""
        self._stream.write(text + "\n")
        self._stream.flush()

    def begin(self, total_bytes: int, done_bytes: int) -> None:
        """Remember how much there is to do."""
        self._total, self._done, self._before = total_bytes, done_bytes, done_bytes
        self._started = self._last = time.monotonic()

    def shard(self, variable: VariableRun, result: ShardResult) -> None:
        """Count it; say so now and then, and at the last one."""
        self._done += result.raw_bytes
        self._raw += result.raw_bytes
        self._stored += result.size_bytes
        now = time.monotonic()
        if now - self._last >= LOG_SECONDS or self._done >= self._total:
            self._last = now
            self.say(self._line(variable.plan.name, now - self._started))

    def _line(self, name: str, seconds: float) -> str:
        rate = (self._done - self._before) / max(seconds, 1e-9)
        left = max(0, self._total - self._done) / max(rate, 1e-9)
        return (
            f"{name}: {100 * self._done / max(1, self._total):.1f} % of "
            f"{self._total / 1e9:.2f} GB, {rate / 1e6:.0f} MB/s, "
            f"{self._raw / max(1, self._stored):.1f} x smaller, about {in_words(left)} left"
        )

    def attempt(self, variable: VariableRun, rung: str) -> None:
        """The variable's shards are to be done once more."""
        self._total += variable.raw_bytes
        self.say(f"{variable.plan.name}: {'; '.join(variable.attempt.because)}: now {rung}")

    def end(self) -> None:
        """Nothing to close."""


class Bar:
    """A progress bar with rate and remaining time, on a terminal."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )
        from rich.progress import Progress as RichProgress

        self._bar = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[ratio]}"),
            console=Console(file=stream),
        )
        self._task = self._bar.add_task("", total=None, ratio="")
        self._raw = self._stored = 0

    def say(self, text: str) -> None:
        """A line above the bar."""
        self._bar.console.print(text, markup=False, highlight=False)

    def begin(self, total_bytes: int, done_bytes: int) -> None:
        """Show the bar: not before, since a run that is refused takes no bar away."""
        self._bar.update(self._task, total=total_bytes, completed=done_bytes)
        self._bar.start()
        # What an earlier run has done says nothing of this one's rate.
        self._bar.reset(self._task, total=total_bytes, completed=done_bytes)

    def shard(self, variable: VariableRun, result: ShardResult) -> None:
        """Move the bar."""
        self._raw += result.raw_bytes
        self._stored += result.size_bytes
        self._bar.update(
            self._task,
            description=variable.plan.name,
            advance=result.raw_bytes,
            ratio=f"{self._raw / max(1, self._stored):.1f} x",
        )

    def attempt(self, variable: VariableRun, rung: str) -> None:
        """Make the bar longer: the shards are to be done once more."""
        total = self._bar.tasks[0].total
        longer = None if total is None else total + variable.raw_bytes
        self._bar.update(self._task, total=longer)
        self.say(f"{variable.plan.name}: {'; '.join(variable.attempt.because)}: now {rung}")

    def end(self) -> None:
        """Take the bar away."""
        self._bar.stop()


def make_progress(stream: TextIO) -> Progress:
    """A bar where the stream is a terminal, lines elsewhere."""
    return Bar(stream) if stream.isatty() else Lines(stream)
