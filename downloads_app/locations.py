"""Paths of the project's own files, and the default folder of its data: in a clone, and installed from a wheel."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_BUNDLE = _PACKAGE / "bundle"
"""In a wheel: migrations, gunicorn.conf.py and wsgi.py, which stand beside the package in a clone."""

IS_INSTALLED = _BUNDLE.is_dir()
PROJECT_DIR = _BUNDLE if IS_INSTALLED else _PACKAGE.parent
MIGRATIONS_DIR = PROJECT_DIR / "migrations"


def default_instance_dir() -> Path:
    """Return the data folder if INSTANCE_DIR is not set: in the clone, or the platform's folder for user data."""
    if not IS_INSTALLED:
        return PROJECT_DIR / "instance"
    from platformdirs import user_data_path  # each command in a clone would wait for it, and need it for nothing

    return user_data_path("downloads-app", appauthor=False)


def env_file() -> Path:
    """Return the `.env` that is read: beside wsgi.py in a clone; installed, in the instance folder."""
    if not IS_INSTALLED:
        return PROJECT_DIR / ".env"
    return Path(os.environ.get("INSTANCE_DIR") or default_instance_dir()).expanduser() / ".env"
