"""Metrics over several variables: found by CF standard_name, measured after the shards."""
