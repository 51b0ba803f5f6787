"""Values of which each application has its own, with their types. Tests make several applications in one process."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from flask import Flask
from flask.globals import app_ctx

T = TypeVar("T")


class PerApp(Generic[T]):
    """A value for each application: stored when the application is set up, or made at the first use."""

    def __init__(self, make: Callable[[], T] | None = None) -> None:
        self._make = make
        self._values: WeakKeyDictionary[Flask, T] = WeakKeyDictionary()
        self._making = threading.Lock()

    def put(self, app: Flask, value: T) -> None:
        """Store the application's value, in place of an earlier one."""
        self._values[app] = value

    def of(self, app: Flask) -> T:
        """Return the application's value; raises KeyError if none is stored and none can be made."""
        try:
            return self._values[app]
        except KeyError:
            if self._make is None:
                raise
        with self._making:
            if app not in self._values:
                self._values[app] = self._make()
            return self._values[app]

    def here(self) -> T:
        """Return the value of the current application; raises RuntimeError outside an application context."""
        return self.of(present_app())


def present_app() -> Flask:
    """Return the current application itself, not Flask's proxy; raises RuntimeError outside an application context."""
    return app_ctx.app
