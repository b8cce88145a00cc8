"""Finds the dates of sessions that are fairest to whoever has it hardest; knows nothing of the platform."""
