"""Keeps modules of a programme closed."""
