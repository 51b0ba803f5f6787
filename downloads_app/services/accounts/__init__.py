"""Who may do what: users, their tokens, and the one rule of who may see what."""
