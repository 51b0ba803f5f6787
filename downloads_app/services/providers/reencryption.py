"""Encrypts providers' secrets anew, so that a previous key can be given up."""

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import undefer

from downloads_app.config import Settings
from downloads_app.errors import Conflict
from downloads_app.extensions import db
from downloads_app.models import Act, Provider
from downloads_app.services import audit
from downloads_app.services.audit import Actor
from downloads_app.services.database.locks import begin_writing
from downloads_app.services.providers import vault
from downloads_app.services.providers.form import ENCRYPTED_COLUMNS


@dataclass(slots=True)
class Reencrypted:
    """What was done: secrets that were encrypted anew, those left as they are, and `provider: field` of the others."""

    secrets: int = 0
    untouched: int = 0
    unreadable: list[str] = field(default_factory=list)


def reencrypt(settings: Settings, *, by: Actor) -> Reencrypted:
    """Encrypt all secrets under the present key, one provider at a time; commits. What no key decrypts stays."""
    done = Reencrypted()
    for provider_id in db.session.scalars(select(Provider.id).order_by(Provider.name)).all():
        db.session.commit()
        begin_writing()
        held = select(Provider).where(Provider.id == provider_id).options(undefer("*")).with_for_update()
        provider = db.session.scalar(held, execution_options={"populate_existing": True})
        if provider is not None:
            _reencrypt_one(settings, provider, done)
        db.session.commit()
    audit.note(Act.PROVIDERS_REENCRYPTED, by, detail=f"{done.secrets} secrets", succeeded=not done.unreadable)
    db.session.commit()
    return done


def _reencrypt_one(settings: Settings, provider: Provider, done: Reencrypted) -> None:
    """Do it for one provider, whose row is held."""
    for column in ENCRYPTED_COLUMNS:
        stored = getattr(provider, column)
        if not stored:
            continue
        try:
            anew = vault.encrypt_anew(settings, stored)
        except Conflict:
            done.unreadable.append(f"{provider.name}: {column.removesuffix('_encrypted')}")
            continue
        if anew == stored:
            done.untouched += 1
        else:
            setattr(provider, column, anew)
            done.secrets += 1
