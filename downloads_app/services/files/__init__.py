"""Where the files of downloads lie."""
