"""Passages for a query: BM25, vectors, both fused."""
