"""The HTTP API over shape spaces, and the page that uses it."""
