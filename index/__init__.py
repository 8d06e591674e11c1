"""Reports on disk and in memory: reading, structure, context, embedding, the store and its search."""

from index.embed.embedder import Embedder, load_embedder

__all__ = ["Embedder", "load_embedder"]
