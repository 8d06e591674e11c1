"""The one reading of the language: numbers, times, places, modality, clauses."""
