"""Criteria over several variables: which groups there are, their windows, sums and verdicts."""
