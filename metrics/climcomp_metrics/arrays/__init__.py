"""Arrays of a notebook, recognised as the variables of a file are, and taken in pairs."""
