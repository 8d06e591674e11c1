"""The index on disk: generations, the opened store, and building one from files."""
