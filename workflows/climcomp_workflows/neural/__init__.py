"""Train the network of codec `ncx`: data, samples of what the codec sees, and training itself.

Wants torch, by the extra `neural`; nothing else of climcomp imports this room.
"""
