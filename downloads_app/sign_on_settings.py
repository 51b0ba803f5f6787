"""The settings of single sign-on (OpenID Connect), and the address at which users see this service."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class SignOnSettings(BaseSettings):
    """A part of Settings; all of it may be missing. A field's check sees the fields above it."""

    public_url: str = ""
    auth_create_users: bool = False
    oidc_client_id: str = ""
    oidc_client_secret: str = Field("", repr=False)
    oidc_username_claim: Annotated[str, Field(min_length=1)] = "preferred_username"
    oidc_admin_value: str = ""
    oidc_admin_claim: str = ""
    oidc_issuer: str = ""

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, value: str) -> str:
        if value and not (_is_plain(value) and urlsplit(value).scheme in ("http", "https")):
            raise ValueError("the address at which users see this service, like https://downloads.example.org")
        return value.rstrip("/")

    @field_validator("oidc_admin_claim")
    @classmethod
    def _check_admin_claim(cls, value: str, info: ValidationInfo) -> str:
        if value and not info.data.get("oidc_admin_value"):
            raise ValueError("OIDC_ADMIN_VALUE beside it, the value that makes an admin")
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _check_issuer(cls, value: str, info: ValidationInfo) -> str:
        """Refuse plain HTTP, over which a stranger could sign in as anybody, but on this machine itself."""
        parts = urlsplit(value)
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        if value and not (is_safe and _is_plain(value)):
            raise ValueError("the https:// address of an OpenID Connect provider, just as it names itself")
        for other in ("oidc_client_id", "public_url"):
            if value and not info.data.get(other):
                raise ValueError(f"{other.upper()} beside it")
        return value


def _is_plain(url: str) -> bool:
    parts = urlsplit(url)
    return bool(parts.hostname) and not (parts.query or parts.fragment or parts.username or parts.password)
