"""What each application has one of, under a typed name. Tests make several applications in one process."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from flask import Flask, current_app

T = TypeVar("T")


class PerApp(Generic[T]):
    """A value for each application: put there when it is wired, or made when it is first asked for."""

    def __init__(self, make: Callable[[], T] | None = None) -> None:
        self._make = make
        self._values: WeakKeyDictionary[Flask, T] = WeakKeyDictionary()
        self._making = threading.Lock()

    def put(self, app: Flask, value: T) -> None:
        """Make it the application's own, instead of what was there."""
        self._values[app] = value

    def of(self, app: Flask) -> T:
        """Return the application's own; raises KeyError where nobody has put one, and none can be made."""
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
        """Return that of the application at work; raises RuntimeError outside of one."""
        return self.of(current_app._get_current_object())  # type: ignore[attr-defined]  # of the proxy
