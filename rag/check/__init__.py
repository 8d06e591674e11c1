"""The gate that every draft passes."""
