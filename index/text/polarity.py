"""Which way a wording points: that it denies, that a figure falls or rises."""

from __future__ import annotations

import re

DENIES = re.compile(r"没[有能]|未(?!来)|不(?![断仅同久]|[少低超高多][于过])|无(?![障人线])")
FALLS = re.compile(r"[降减缩]|回落|收窄|下[滑调]")
RISES = re.compile(r"[增升涨]|提高|扩大")
