"""The computation: no database, no HTTP, and nothing of the core; `ortools` is imported by whoever solves."""
