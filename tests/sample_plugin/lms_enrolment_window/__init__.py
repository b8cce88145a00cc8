"""Students enrol in runs only within the window that their programme sets."""
