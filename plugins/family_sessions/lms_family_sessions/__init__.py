"""Family-friendly planning of sessions, as a plugin."""
