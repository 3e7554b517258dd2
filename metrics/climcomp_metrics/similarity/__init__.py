"""Scores that look at fields as maps: structural similarity and fractions of neighbourhoods."""
