"""What an inspection of the whole installation needs to know, and to try."""
