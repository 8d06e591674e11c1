"""Passages that may answer a question, ranked."""
