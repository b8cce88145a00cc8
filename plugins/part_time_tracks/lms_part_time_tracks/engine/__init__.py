"""Assigns modules to terms, proves it, and says why where it cannot be; knows nothing of the platform."""
