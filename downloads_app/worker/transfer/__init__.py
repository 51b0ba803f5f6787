"""Moving bytes: connections, ranges, and what to do when they fail."""
