"""Metrics along time, and the statistics that they are taken from."""
