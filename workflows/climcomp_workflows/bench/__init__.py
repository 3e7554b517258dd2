"""Rate and distortion of every codec over a range of bounds, on samples of one's own data."""
