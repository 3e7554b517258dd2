"""The plan of a recipe: layout, bounds, ladders, all decided from samples."""
