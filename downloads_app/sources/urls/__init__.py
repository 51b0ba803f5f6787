"""Kind `urls`: a list of addresses that an admin has written."""
