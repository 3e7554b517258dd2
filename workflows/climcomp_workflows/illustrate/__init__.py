"""What the figures of a report show: made from a run's sums, its source and its stored shards."""
