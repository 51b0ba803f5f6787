"""Users, how they sign in, and what proves who they are: passwords, tokens, API keys."""
