"""Many small launches as one, where a device can."""

from __future__ import annotations

from collections.abc import Callable, Hashable

import torch


class Replays:
    """Runs functions that work on the same memory every time, and give nothing back.

    On a GPU the first run of each is as it stands, which also warms it up; the second is recorded,
    and it and all after it are one launch. Elsewhere every run is as it stands. What a function
    needs beside the memory that it works on is shared by all: they run one after another.
    """

    def __init__(self, device: torch.device) -> None:
        self._records = device.type == "cuda"
        self._pool = torch.cuda.graph_pool_handle() if self._records else None
        self._seen: set[Hashable] = set()
        self._graphs: dict[Hashable, torch.cuda.CUDAGraph] = {}

    def run(self, key: Hashable, function: Callable[[], None]) -> None:
        """Run the function that always has this key."""
        if not self._records or key not in self._seen:
            self._seen.add(key)
            function()
            return
        if key not in self._graphs:
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, pool=self._pool):
                function()
            self._graphs[key] = graph
        self._graphs[key].replay()
