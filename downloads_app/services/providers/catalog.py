"""Providers and their repositories: adding, finding, removing, and what it takes to reach them."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from downloads_app.config import Settings
from downloads_app.errors import Conflict, NotFound
from downloads_app.extensions import db
from downloads_app.models import ACTIVE, Act, Download, Provider, Repository, Status
from downloads_app.services import audit
from downloads_app.services.audit import NOBODY, Actor, Thing
from downloads_app.services.database.locks import begin_writing
from downloads_app.services.names import check_repository
from downloads_app.services.pages import Filter, Page, Wanted, fetch
from downloads_app.services.providers import drafts, vault
from downloads_app.services.providers.drafts import draft_provider
from downloads_app.services.providers.fields import KINDS as KINDS
from downloads_app.services.providers.form import SECRETS
from downloads_app.services.removal import remove_rows
from downloads_app.services.rights import Viewer, visible_repositories
from downloads_app.sources import Access
from downloads_app.sources.registry import find_signing_region, has_list, open_source

NAMED_AT_ONCE = 10
"""Of the providers that there are, where one is not found."""


def add_provider(
    settings: Settings, name: str, kind: str, url: str | None = None, *, by: Actor = NOBODY, **fields: Any
) -> Provider:
    """Add a provider; raises InvalidInput, or Conflict where the name is taken.

    `fields` are those of `change_provider`. Only a kind with a list needs no URL; one is judged when connecting,
    not here.
    """
    provider = draft_provider(settings, name, kind, url, **fields)
    db.session.add(provider)
    try:
        db.session.flush()
        _note(Act.PROVIDER_ADDED, provider, by, kind)
        _note_secrets(provider, fields, by)
        db.session.commit()
    except IntegrityError as exc:
        db.session.rollback()
        raise Conflict(f"A provider named {name!r} exists already") from exc
    return provider


def change_provider(settings: Settings, provider: Provider, changes: Mapping[str, Any], *, by: Actor = NOBODY) -> None:
    """Change a provider's fields, except name and kind, because folders and listings depend on these.

    A change that would send its secrets to somebody else (another origin, proxy, authority or trusted host) removes
    the secrets, unless `changes` has them again. An empty secret means none.
    """
    drafts.change(settings, provider, changes)
    if changes:
        _note(Act.PROVIDER_CHANGED, provider, by, ", ".join(sorted(changes)))
    _note_secrets(provider, changes, by)
    db.session.commit()


def find_provider(name_or_id: str) -> Provider:
    """Return a provider by its name or id; raises NotFound, which names those that there are."""
    by_name = db.session.scalar(select(Provider).where(Provider.name == name_or_id))
    provider = by_name or _find_by_id(name_or_id)
    if provider is None:
        raise NotFound(f"There is no provider {name_or_id!r}; {_name_some()}")
    return provider


def _name_some() -> str:
    """Name the providers that there are; every user may read them."""
    names = list(db.session.scalars(select(Provider.name).order_by(Provider.name).limit(NAMED_AT_ONCE + 1)))
    if not names:
        return "none has been added yet"
    more = ", and more" if len(names) > NAMED_AT_ONCE else ""
    return f"there {'is' if len(names) == 1 else 'are'}: {', '.join(names[:NAMED_AT_ONCE])}{more}"


def list_providers() -> list[Provider]:
    """Return all providers by name."""
    return list(db.session.scalars(select(Provider).order_by(Provider.name)))


def get_provider(provider_id: str) -> Provider:
    """Return the provider of that id; raises NotFound."""
    provider = db.session.get(Provider, provider_id)
    if provider is None:
        raise NotFound(f"There is no provider {provider_id}")
    return provider


def get_repository(repository_id: str, viewer: Viewer | None = None) -> Repository:
    """Return the repository of that id; raises NotFound, also where `viewer` (None: anybody) may not see it."""
    query = select(Repository).where(Repository.id == repository_id)
    if viewer is not None:
        query = query.where(visible_repositories(viewer))
    repository: Repository | None = db.session.scalar(query.options(joinedload(Repository.provider)))
    if repository is None:
        raise NotFound(f"There is no repository {repository_id}")
    return repository


def page_of_providers(wanted: Wanted, having: Mapping[str, str], ids: Sequence[str] = ()) -> Page[Provider]:
    """Return one page of the providers that match all filters: `name`, `kind`."""
    return fetch(Provider, wanted, Filter(having, {"id": ids}))


def page_of_repositories(
    viewer: Viewer, wanted: Wanted, having: Mapping[str, str], *, search: str | None = None, ids: Sequence[str] = ()
) -> Page[Repository]:
    """Return one page of the repositories that `viewer` may see and that match all filters: `provider_id`, `name`.

    `search` is a part of the name, in whichever case.
    """
    conditions = [visible_repositories(viewer)]
    if search is not None:
        conditions.append(Repository.name.icontains(search, autoescape=True))
    scope = ("all" if viewer.is_admin else viewer.id, search or "")
    return fetch(Repository, wanted, Filter(having, {"id": ids}, conditions, scope))


def remove_provider(provider: Provider, *, by: Actor = NOBODY) -> None:
    """Remove a provider with its repositories and the rows of finished downloads; files stay.

    Raises Conflict while downloads of it are active or paused, NotFound where somebody else has just removed it.
    """
    provider_id = provider.id
    unfinished = (*ACTIVE, Status.PAUSED)
    in_use = exists().where(Download.provider_id == provider_id, Download.status.in_(unfinished))
    for _ in range(2):  # again when most rows are gone, because that takes a while
        _refuse_while(in_use, provider)
        remove_rows(Download.provider_id == provider_id, Download.status.not_in(unfinished))
    db.session.commit()
    begin_writing()
    if db.session.get(Provider, provider_id, populate_existing=True, with_for_update=True) is None:
        db.session.rollback()
        raise NotFound(f"There is no provider {provider_id}")
    _refuse_while(in_use, provider)  # now that the row is held and nobody can add one
    _note(Act.PROVIDER_REMOVED, provider, by)
    db.session.delete(provider)
    db.session.commit()


def _refuse_while(is_in_use: ColumnElement[bool], provider: Provider) -> None:
    if db.session.scalar(select(is_in_use)):
        name = provider.name
        db.session.rollback()
        raise Conflict(f"Provider {name!r} has downloads that are active or paused")


def find_or_create_repository(provider: Provider, name: str) -> Repository:
    """Return the repository of that name, its row made where it is new; commits nothing."""
    check_repository(name, provider.kind)
    query = select(Repository).where(Repository.provider_id == provider.id, Repository.name == name)
    held = query.with_for_update(read=True, key_share=True)  # else housekeeping could remove it before its download
    known: Repository | None = db.session.scalar(held)
    if known is not None:
        return known
    try:
        with db.session.begin_nested():
            created = Repository(provider_id=provider.id, name=name)
            db.session.add(created)
    except IntegrityError:  # another request was faster
        return db.session.scalars(query).one()
    return created


def access_of(settings: Settings, provider: Provider) -> Access:
    """Return what it takes to reach a provider, its secrets decrypted."""
    return Access(
        url=provider.url,
        token=_decrypt(settings, provider.token_encrypted),
        username=provider.username,
        password=_decrypt(settings, provider.password_encrypted),
        header_name=provider.header_name,
        header_value=_decrypt(settings, provider.header_value_encrypted),
        client_certificate=_decrypt(settings, provider.client_certificate_encrypted),
        address_list=_decrypt(settings, provider.address_list_encrypted) if has_list(provider.kind) else None,
        signing_region=find_signing_region(provider.kind, provider.url, provider.region),
        allow_private_network=provider.allow_private_network,
        allow_hosts=tuple(provider.allow_hosts),
        proxy_url=_decrypt(settings, provider.proxy_url_encrypted),
        ca_file=provider.ca_file,
        max_connections=provider.max_connections,
    )


def check_remote(kind: str, access: Access) -> None:
    """Raise SourceError unless a provider answers as its kind should. Needs no database."""
    open_source(kind, access).check()


def note_test(provider: Provider, fault: str | None, *, by: Actor) -> None:
    """Note in the audit that a provider was tested, and its fault if it had one; commits."""
    _note(Act.PROVIDER_TESTED, provider, by, fault, succeeded=fault is None)
    db.session.commit()


def _note(act: Act, provider: Provider, by: Actor, detail: str | None = None, *, succeeded: bool = True) -> None:
    audit.note(act, by, thing=Thing("provider", provider.id, provider.name), detail=detail, succeeded=succeeded)


def _note_secrets(provider: Provider, changes: Mapping[str, Any], by: Actor) -> None:
    """Note which secrets were written; an empty one was removed."""
    written = [name if changes[name] else f"no {name}" for name in sorted(changes.keys() & SECRETS)]
    if written:
        _note(Act.PROVIDER_SECRET_WRITTEN, provider, by, ", ".join(written))


def _find_by_id(provider_id: str) -> Provider | None:
    try:
        return db.session.get(Provider, str(uuid.UUID(provider_id)))
    except ValueError:
        return None


def _decrypt(settings: Settings, stored: str | None) -> str | None:
    return vault.decrypt(settings, stored) if stored else None
