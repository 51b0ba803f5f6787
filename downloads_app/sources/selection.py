"""Which files of a repository are wanted: `include` and `exclude` globs, as hub clients know them."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from downloads_app.errors import InvalidInput
from downloads_app.sources.globs import compile_globs

MAX_MATCH_SECONDS = 10.0
"""CPU time of a thread for one listing. 100,000 files with ordinary patterns take one second."""
MAX_SHOWN_LENGTH = 300
_WILDCARD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Selection:
    """A path is wanted if it matches any of `include` (an empty one matches all) and none of `exclude`.

    A `*` also matches slashes. A pattern that ends in a slash means everything below that folder. Do not match paths
    in the event loop: that may take MAX_MATCH_SECONDS.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def matcher(self) -> Callable[[str], bool]:
        """Return a function that says whether a path is wanted. It raises InvalidInput after MAX_MATCH_SECONDS."""
        include, exclude = (compile_globs(_widen(globs)) if globs else None for globs in (self.include, self.exclude))
        deadline = time.thread_time() + MAX_MATCH_SECONDS

        def wants(path: str) -> bool:
            if time.thread_time() > deadline:
                raise InvalidInput("These patterns take too long to match; give fewer or simpler ones")
            text = _to_text(path)
            return (include is None or bool(include.fullmatch(text))) and not (exclude and exclude.fullmatch(text))

        return wants

    def may_hold(self, folder: str) -> bool:
        """Whether any path below `folder` (no slash at its end) can be wanted. If not, it need not be listed."""
        below = _to_text(f"{folder}/")
        # A glob that ends in `*` and matches the folder's own prefix matches every path below it.
        covering = tuple(glob for glob in _widen(self.exclude) if glob.endswith("*"))
        if covering and compile_globs(covering).fullmatch(below):
            return False
        return not self.include or any(_meets(below, glob) for glob in _widen(self.include))

    def __str__(self) -> str:
        """Return the patterns as an error names them, cut off if they are long."""
        named = [(word, globs) for word, globs in (("include", self.include), ("exclude", self.exclude)) if globs]
        text = "; ".join(f"{word} {', '.join(map(repr, globs))}" for word, globs in named)
        return text if len(text) <= MAX_SHOWN_LENGTH else f"{text[:MAX_SHOWN_LENGTH]} …"


EVERYTHING = Selection()


def _to_text(path: str) -> str:
    """Return a path that RE2 can match: also a name that is no valid text (`caf\\udce9.bin`) may be unwanted."""
    return path if path.isascii() else path.encode(errors="replace").decode()


def _widen(globs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{glob}*" if glob.endswith("/") else glob for glob in globs)


def _meets(below: str, glob: str) -> bool:
    """Whether a path that begins with `below` can match `glob`. The text before the first wildcard decides."""
    found = _WILDCARD.search(glob)
    fixed = glob[: found.start()] if found else glob
    return fixed.startswith(below) or (found is not None and below.startswith(fixed))
