"""Readers turn files into text; each keeps offsets, so that a citation can be traced back to its file."""
