"""Drafts of answers: extracts, lists, tables, what is computed of them, and a chat model's words."""
