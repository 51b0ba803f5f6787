"""What a shell offers for an argument: the downloads, users and providers that there are."""

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem
from flask.cli import ScriptInfo
from sqlalchemy.exc import SQLAlchemyError

from downloads_app.cli.printing import clean
from downloads_app.services.references import SHORT_ID_LENGTH

MAX_DOWNLOADS = 500
"""The newest ones are offered."""
Offer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _offer(find: Callable[[str], Iterable[tuple[str, str]]]) -> Offer:
    """Return what click calls. `find` is given what was typed so far, and yields values and what each one is."""

    def complete(context: click.Context, _parameter: click.Parameter, typed: str) -> list[CompletionItem]:
        try:
            with context.ensure_object(ScriptInfo).load_app().app_context():
                return [CompletionItem(value, help=about) for value, about in find(typed) if value.startswith(typed)]
        except (SQLAlchemyError, SystemExit):
            return []  # a shell has no place for an error

    return complete


def _find_downloads(typed: str) -> Iterable[tuple[str, str]]:
    from downloads_app.services.downloads import history
    from downloads_app.services.pages import Wanted

    length = SHORT_ID_LENGTH if len(typed) <= SHORT_ID_LENGTH else None
    for row in history.list_downloads(wanted=Wanted(history.NEWEST_FIRST, page_size=MAX_DOWNLOADS)).rows:
        yield row.id[:length], clean(f"{row.repository.name}, {row.status}")


def _find_users(_typed: str) -> Iterable[tuple[str, str]]:
    from downloads_app.services.accounts import users

    return ((user.username, user.role) for user in users.list_users())


def _find_providers(_typed: str) -> Iterable[tuple[str, str]]:
    from downloads_app.services.providers import catalog

    return ((provider.name, provider.kind) for provider in catalog.list_providers())


offer_downloads = _offer(_find_downloads)
offer_users = _offer(_find_users)
offer_providers = _offer(_find_providers)
