"""The application that gunicorn and the `flask` command load."""

from downloads_app import create_app

app = create_app()
