"""A self-hosted service that downloads model repositories and shows each user, live, how far theirs are."""

import atexit
import gc
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

__version__ = "0.1.0"
"""The one place that holds it: the wheel and `downloads-app --version` read it here."""

# New objects before the first collection: more than all that is loaded, of which half a percent is garbage. With
# Python's 700, looking through it again and again takes a tenth of a command's time and a fifth of a server's start.
# Processes that live long choose another when they have loaded all (wsgi.py, `worker/process.py`, `cli/beat.py`).
gc.set_threshold(250_000)
# A process that ends would look through all of it for garbage once more, for 0.2 s, only to give the memory back. So a
# file must be closed, or else what was written last is lost where the file is part of a circle.
atexit.register(gc.freeze)


def create_app(*, services_alone: bool = False, **overrides: Any) -> "Flask":
    """Wire the application: settings, extensions, commands, web. `overrides` are settings by name.

    `services_alone`: without routes and migrations, for a command that would wait for them to be loaded.

    The imports stand inside because gunicorn.conf.py reads the settings in the master process, where
    nothing may be loaded yet that gevent patches in the workers.
    """
    from flask import Flask

    from downloads_app import cli, config, extensions, modes
    from downloads_app.services.database.whole_file import make_whole_at_exit

    settings = config.load_settings(**overrides)
    app = Flask(__name__, instance_path=str(settings.instance_dir), static_folder=None)
    modes.prepare_instance(settings)
    config.install_settings(app, settings)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = extensions.engine_options(settings.database_url)

    extensions.db.init_app(app)
    extensions.forgive_lost_connections(app)  # after that: what is registered last comes first
    cli.init_app(app)
    if not services_alone:
        _add_web(app)
    make_whole_at_exit(settings.database_url)
    extensions.close_at_exit(app)  # before that: what is registered last comes first
    return app


def _add_web(app: "Flask") -> None:
    from flask_migrate import Migrate

    from downloads_app import locations, web
    from downloads_app.cli import migrations
    from downloads_app.extensions import db

    Migrate(app, db, directory=str(locations.MIGRATIONS_DIR))
    migrations.adapt()
    web.init_app(app)
