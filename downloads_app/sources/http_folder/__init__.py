"""Kind `http`: a folder of any web server."""
