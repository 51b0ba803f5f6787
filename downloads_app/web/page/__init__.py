"""The page, its static files, and the API's description for people."""
