"""The application that gunicorn and the `flask` command load."""

import sys

from downloads_app.cli.loading import make_app

app = make_app(sys.argv)
