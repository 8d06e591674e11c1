"""Readers turn files into text, each into one; spans count its characters, so that a citation can be traced back."""
