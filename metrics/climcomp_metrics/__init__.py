"""Climate metrics of original against decoded data, and the criteria on them."""
