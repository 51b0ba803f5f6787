"""What it takes to reach a test server with a token."""

from downloads_app.sources import Access
from tests.support.file_server import FileServer

TOKEN = "hf_secret"


def access_to(server: FileServer) -> Access:
    """Return the access of a provider at the server, who has a token and may be on a private network."""
    return Access(server.url, token=TOKEN, allow_private_network=True)
