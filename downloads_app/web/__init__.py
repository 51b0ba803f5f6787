"""Entry point 1: everything that speaks HTTP."""

from flask import Flask
from flask.json.provider import DefaultJSONProvider


def init_app(app: Flask) -> None:
    """Register the blueprints and the error handlers.

    The imports are inside the functions because gunicorn's master imports from this package (web/gunicorn). The master
    must not load modules that gevent patches in the workers.
    """
    from downloads_app.services.files.blocking import RUNNER
    from downloads_app.web import bodies, long_work
    from downloads_app.web.extensions import jwt
    from downloads_app.web.stream import generator

    assert isinstance(app.json, DefaultJSONProvider)
    app.json.sort_keys = False  # keys keep the order of their schema
    app.request_class = bodies.Request
    app.before_request(bodies.refuse_unstorable_paths)
    jwt.init_app(app)
    _wrap_requests(app)
    RUNNER.put(app, long_work.do_long_work)
    generator.init_app(app)
    _register_routes(app)


def _wrap_requests(app: Flask) -> None:
    """Add what happens before, after and around every request."""
    from downloads_app.web import (
        cross_origin,
        errors,
        headers,
        idempotency,
        lone_servers,
        proxies,
        shares,
        slow_readers,
    )

    errors.init_app(app)
    proxies.init_app(app)
    shares.init_app(app)
    slow_readers.init_app(app)
    idempotency.init_app(app)
    headers.init_app(app)
    cross_origin.init_app(app)
    lone_servers.init_app(app)


def _register_routes(app: Flask) -> None:
    from downloads_app.web import status
    from downloads_app.web.api import (
        audit,
        auth,
        download_events,
        download_files,
        download_space,
        download_speeds,
        downloads,
        keys,
        limits,
        plans,
        provider_contents,
        provider_tests,
        providers,
        queue,
        repositories,
        sessions,
        single_sign_on,
        usage,
        users,
        workers,
    )
    from downloads_app.web.description import routes as description
    from downloads_app.web.page import routes
    from downloads_app.web.resources import add_resource
    from downloads_app.web.stream import endpoint

    whole = (auth, sessions, keys, users, providers, repositories, downloads, queue, usage, workers, limits, audit)
    parts = (download_events, download_files, download_space, download_speeds, plans, provider_contents, provider_tests)
    for blueprint in dict.fromkeys(module.blueprint for module in (*whole, *parts)):  # parts have that of a whole one
        add_resource(app, blueprint)
    single_sign_on.init_app(app)
    app.register_blueprint(description.blueprint)
    app.register_blueprint(status.blueprint)
    app.register_blueprint(endpoint.blueprint)
    app.register_blueprint(routes.blueprint)
