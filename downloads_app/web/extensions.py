"""Flask's extensions that only the web part needs, unbound. Imports nothing of ours."""

from flask_jwt_extended import JWTManager

jwt = JWTManager()
