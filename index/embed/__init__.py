"""Texts to vectors: the embedded model, and any other plugged in."""
