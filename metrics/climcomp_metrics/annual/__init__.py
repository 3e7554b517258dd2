"""Extremes year by year at a sample of cells, and how often it rains: METRICS, E6, E7 and D5."""
