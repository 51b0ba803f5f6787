"""The resources of the REST API: registered at every start, described by flask-smorest when somebody asks."""

from flask import Flask
from flask_smorest import Api

from downloads_app.per_app import PerApp
from downloads_app.web.bodies import Blueprint

BLUEPRINTS: PerApp[list[Blueprint]] = PerApp(list)


def add_resource(app: Flask, blueprint: Blueprint) -> None:
    """Register a resource's routes; the description will have them."""
    app.register_blueprint(blueprint)
    BLUEPRINTS.of(app).append(blueprint)


def _describe() -> Api:
    """Describe the resources of the present application.

    This takes two thirds of the time that an application needs to start, and few processes are ever asked. So it is
    done at the first question, at an application of its own: one that has begun to answer takes no routes any more.
    """
    described = Flask(__name__)
    described.config.update(API_TITLE="downloads_app", API_VERSION="v1", OPENAPI_VERSION="3.1.0")
    api = Api(described)
    for blueprint in BLUEPRINTS.here():
        api.register_blueprint(blueprint)
    return api


DESCRIBED: PerApp[Api] = PerApp(_describe)
