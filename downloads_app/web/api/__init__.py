"""The REST resources: a file is the URL's first noun."""
