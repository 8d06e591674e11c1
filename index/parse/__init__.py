"""Lines to an outline: joined lines, block types, headings, duplicates."""
