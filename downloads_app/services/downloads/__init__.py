"""Downloads as their owners see them: their life, their history, what they would fetch and have fetched."""
