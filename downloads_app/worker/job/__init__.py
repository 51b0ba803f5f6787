"""One claimed download, from its claim to its end."""
