"""Provider tokens at rest: encrypted with the present key of the settings; the previous ones still decrypt."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

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


def encrypt_anew(settings: Settings, stored: str) -> str:
    """Return a secret under the present key; raises like `decrypt`. It is returned as it is if that key holds it."""
    try:
        _fernet(settings.provider_token_key).decrypt(stored.encode())
    except InvalidToken:
        return encrypt(settings, decrypt(settings, stored))
    return stored


def _cipher(settings: Settings) -> MultiFernet:
    """Return what encrypts under the first key, and decrypts under any."""
    return MultiFernet([_fernet(key) for key in (settings.provider_token_key, *settings.previous_provider_token_keys)])


def _fernet(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()))
