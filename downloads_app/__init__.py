"""A self-hosted service that downloads model repositories and shows each user, live, how far theirs are."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

__version__ = "0.1.0"
"""The one place that holds it: the wheel and `downloads-app --version` read it here."""


def create_app(**overrides: Any) -> "Flask":
    """Wire the application: settings, extensions, web, commands. `overrides` are settings by name.

    The imports stand inside because gunicorn.conf.py reads the settings in the master process, where
    nothing may be loaded yet that gevent patches in the workers.
    """
    from flask import Flask

    from downloads_app import cli, config, extensions, locations, models, modes, web  # noqa: F401  (models register tables)
    from downloads_app.services.database.whole_file import make_whole_at_exit

    settings = config.load_settings(**overrides)
    app = Flask(__name__, instance_path=str(settings.instance_dir), static_folder=None)
    modes.prepare_instance(settings)
    config.install_settings(app, settings)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = extensions.engine_options(settings.database_url)

    extensions.db.init_app(app)
    extensions.migrate.init_app(app, extensions.db, directory=str(locations.MIGRATIONS_DIR))
    extensions.jwt.init_app(app)
    web.init_app(app)
    cli.init_app(app)
    make_whole_at_exit(settings.database_url)
    extensions.close_at_exit(app)  # before that: what is registered last comes first
    return app
