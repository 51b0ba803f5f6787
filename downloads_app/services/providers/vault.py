"""Provider tokens at rest: encrypted with the key of the settings."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken

from downloads_app.config import Settings
from downloads_app.errors import Conflict


def encrypt(settings: Settings, secret: str) -> str:
    """Return a secret as it may be stored."""
    return _cipher(settings).encrypt(secret.encode()).decode()


def decrypt(settings: Settings, stored: str) -> str:
    """Return the secret; raises Conflict where it was stored under another key."""
    try:
        return _cipher(settings).decrypt(stored.encode()).decode()
    except InvalidToken as exc:
        raise Conflict("The provider's token was stored under another PROVIDER_TOKEN_KEY; set the token again") from exc


def _cipher(settings: Settings) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(settings.provider_token_key.encode()).digest()))
