"""Plans a part-time study: when one is done, what the weeks look like, and what if."""
