"""Secrets: how strong they are, and who can read them."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from downloads_app import locations, modes
from downloads_app.cli.doctor.finding import Finding, fine, wrong
from downloads_app.config import Settings
from downloads_app.database_urls import sqlite_file

MIN_DIFFERENT = 10
"""A random secret of 32 bytes, in hexadecimal or any other form, has more different characters than this."""
_COMMON = ("changeme", "change-me", "secret", "password", "example", "your-")


def check_strength(settings: Settings) -> Iterator[Finding]:
    """Check the secrets that somebody has chosen; generated ones are random."""
    for name in ("jwt_secret_key", "provider_token_key"):
        value: str = getattr(settings, name)
        if len(set(value)) < MIN_DIFFERENT or any(word in value.lower() for word in _COMMON):
            text = f"{name.upper()} can be guessed: it has few different characters, or a common word"
            how = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))' makes a good one"
            yield wrong("secrets", text, f"{how}; with another key everybody signs in again, or providers' secrets go")
        else:
            yield fine("secrets", f"{name.upper()} is strong enough")


def check_modes(settings: Settings) -> Iterator[Finding]:
    """Check that other users of the machine can read no secret."""
    private = [settings.instance_dir / "jwt-secret", settings.instance_dir / "provider-key", locations.env_file()]
    if settings.uses_sqlite:
        private += [Path(f"{sqlite_file(settings.database_url)}{suffix}") for suffix in modes.SQLITE_SUFFIXES]
    is_fine = True
    for path in private:
        if path.exists() and (fault := _find_fault(path)):
            is_fine = False
            yield wrong("secrets", f"{path} {fault}", f"chmod 600 {path}, owned by the service's user")
    if is_fine:
        yield fine("secrets", "only their owner can read the files with secrets")


def _find_fault(path: Path) -> str | None:
    status = path.stat()
    if status.st_mode & (stat.S_IRWXO | stat.S_IWGRP):
        return f"can be read or changed by other users (mode {stat.S_IMODE(status.st_mode):04o})"
    if not os.access(path, os.R_OK):
        return "cannot be read by this user"
    return None
