"""Questions and answers over a built index: ``open_pipeline(".wenju/index").ask("…")``."""

from rag.pipeline import Pipeline, open_pipeline
from rag.types import Answer, Citation, Query

__all__ = ["Answer", "Citation", "Pipeline", "Query", "open_pipeline"]
