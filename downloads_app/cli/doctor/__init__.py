"""`downloads-app doctor`: examines the whole installation; a file for each part, a function for each check."""
