"""Who has done what, from where, and when: written together with what happened, read by admins."""

from downloads_app.services.audit.actor import COMMAND_LINE, IDENTITY_PROVIDER, NOBODY, Actor
from downloads_app.services.audit.alone import note_alone
from downloads_app.services.audit.writing import Account, Thing, note

__all__ = ["COMMAND_LINE", "IDENTITY_PROVIDER", "NOBODY", "Account", "Actor", "Thing", "note", "note_alone"]
