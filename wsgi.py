"""The application that gunicorn and the `flask` command load."""

import gc
import sys

from downloads_app.cli.loading import make_app

app = make_app(sys.argv)

# What is loaded stays; from now on Python looks for garbage among new objects.
gc.freeze()
gc.set_threshold(50_000)
