"""Routes that are compiled once for all applications of a test process: most of the time that making one takes."""

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]


def remember(patch: pytest.MonkeyPatch) -> None:
    """Let werkzeug keep the functions that build addresses, by what they are made of (`Rule._compile_builder`)."""
    compile_builder = Rule._compile_builder
    known: dict[Any, Builder] = {}

    def compile_once(rule: Rule, append_unknown: bool = True) -> Builder:
        made_of = (rule.rule, append_unknown, *rule._trace, *sorted((rule.defaults or {}).items()))
        if made_of not in known:
            known[made_of] = compile_builder(rule, append_unknown)
        return known[made_of]

    patch.setattr(Rule, "_compile_builder", compile_once)
