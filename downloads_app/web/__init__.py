"""Door 1: everything that speaks HTTP."""

from flask import Flask

from downloads_app.extensions import api
from downloads_app.web import (
    accounts,
    auth,
    bodies,
    dashboard,
    download_files,  # noqa: F401  (joins the routes of downloads)
    downloads,
    errors,
    plans,  # noqa: F401  (joins the routes of downloads)
    providers,
    proxies,
    repositories,
    status,
    stream,
    subscribe,
)


def init_app(app: Flask) -> None:
    """Register the blueprints and the error handlers."""
    app.config.update(
        API_TITLE="downloads_app",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]  # keys keep the order they are described in
    app.request_class = bodies.Request
    app.before_request(bodies.refuse_unstorable_paths)
    api.init_app(app)
    errors.init_app(app)  # after flask-smorest, whose own handler it replaces
    auth.init_app(app)
    proxies.init_app(app)
    stream.init_app(app)
    for resource in (auth, accounts, providers, repositories, downloads):
        api.register_blueprint(resource.blueprint)
    app.register_blueprint(status.blueprint)
    app.register_blueprint(subscribe.blueprint)
    app.register_blueprint(dashboard.blueprint)
