"""Provider tokens at rest: encrypted with a key from the settings, or one generated into the instance folder."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken

from downloads_app.config import current_settings, secret_file
from downloads_app.errors import Conflict


def encrypt(secret: str) -> str:
    """Return a secret as it may be stored."""
    return _cipher().encrypt(secret.encode()).decode()


def decrypt(stored: str) -> str:
    """Return the secret; raises Conflict where it was stored under another key."""
    try:
        return _cipher().decrypt(stored.encode()).decode()
    except InvalidToken as exc:
        raise Conflict("The provider's token was stored under another PROVIDER_TOKEN_KEY; set the token again") from exc


def _cipher() -> Fernet:
    settings = current_settings()
    key = settings.provider_token_key or secret_file(settings, "provider-key")
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()))
