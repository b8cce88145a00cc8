"""Plans University Weeks, fair to those who care for others."""
