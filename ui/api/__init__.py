"""The HTTP API and the server."""
