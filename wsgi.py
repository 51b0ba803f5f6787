"""The application that gunicorn and the `flask` command load."""

import sys

from downloads_app import create_app
from downloads_app.cli.loading import needs_services_alone

app = create_app(services_alone=needs_services_alone(sys.argv))
