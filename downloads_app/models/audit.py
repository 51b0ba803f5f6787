"""Table of who has done what, from where, and when."""

import enum
from datetime import datetime

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from downloads_app.models.columns import Model, UtcDateTime, UuidText, new_id

HAS_ADDRESS = "address IS NOT NULL"


class Act(enum.StrEnum):
    """What is written down."""

    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"  # a wrong password, also where one is asked for again
    SIGN_IN_LOCKED = "sign_in_locked"  # too many wrong passwords: the next attempt has to wait
    SESSION_ENDED = "session_ended"  # by its owner, an admin, or because a refresh token came twice
    PASSWORD_CHANGED = "password_changed"  # by its owner, who proved the old one
    PASSWORD_SET = "password_set"  # by somebody else
    TOKEN_ISSUED = "token_issued"  # without a password, on the command line
    USER_CREATED = "user_created"
    USER_DISABLED = "user_disabled"
    USER_ENABLED = "user_enabled"
    USER_PROMOTED = "user_promoted"
    USER_DEMOTED = "user_demoted"
    USER_DELETED = "user_deleted"
    USER_QUOTA_SET = "user_quota_set"
    IDENTITY_LINKED = "identity_linked"  # somebody at an identity provider may sign in as the user
    IDENTITY_UNLINKED = "identity_unlinked"
    KEY_CREATED = "key_created"
    KEY_REVOKED = "key_revoked"
    KEY_REFUSED = "key_refused"  # unknown, revoked, expired, or used beyond its scopes
    PROVIDER_ADDED = "provider_added"
    PROVIDER_CHANGED = "provider_changed"
    PROVIDER_SECRET_WRITTEN = "provider_secret_written"
    PROVIDER_REMOVED = "provider_removed"
    PROVIDER_TESTED = "provider_tested"
    PROVIDER_PAUSED = "provider_paused"
    PROVIDER_RESUMED = "provider_resumed"
    QUEUE_PAUSED = "queue_paused"
    QUEUE_RESUMED = "queue_resumed"
    PROVIDERS_REENCRYPTED = "providers_reencrypted"
    DOWNLOAD_ADDED = "download_added"
    DOWNLOAD_PAUSED = "download_paused"
    DOWNLOAD_RESUMED = "download_resumed"
    DOWNLOAD_CANCELLED = "download_cancelled"
    DOWNLOAD_RETRIED = "download_retried"
    DOWNLOAD_PRIORITY_SET = "download_priority_set"
    DOWNLOAD_DELETED = "download_deleted"
    DOWNLOADS_PRUNED = "downloads_pruned"
    DATABASE_BACKED_UP = "database_backed_up"
    DATABASE_RESTORED = "database_restored"
    REFUSED = "refused"  # a change that is not the caller's to make


class AuditEntry(Model):
    """One act, or several alike. No foreign keys: an entry outlives whom and what it names."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_at", "at", "id"),
        Index("ix_audit_action", "action", "at", "id"),
        Index("ix_audit_actor", "actor", "at", "id"),
        Index("ix_audit_username", "username", "at", "id"),
        Index("ix_audit_address", "at", postgresql_where=text(HAS_ADDRESS), sqlite_where=text(HAS_ADDRESS)),
    )

    id: Mapped[str] = mapped_column(UuidText, primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When the last of several happened."""
    count: Mapped[int] = mapped_column(default=1)
    """How often it happened; more than one for failures and floods, which share an entry."""
    action: Mapped[str] = mapped_column(String(40))
    succeeded: Mapped[bool] = mapped_column()
    actor: Mapped[str | None] = mapped_column(String(80))
    """A user's name, or `cli`; None if nobody has proved who they are."""
    actor_id: Mapped[str | None] = mapped_column(UuidText)
    """None for the command line too."""
    key: Mapped[str | None] = mapped_column(String(80))
    """The name of the API key that the actor used."""
    username: Mapped[str | None] = mapped_column(String(80))
    """Whose account, key, session or download it is about."""
    user_id: Mapped[str | None] = mapped_column(UuidText)
    object_type: Mapped[str | None] = mapped_column(String(20))
    object_id: Mapped[str | None] = mapped_column(String(64))
    object_name: Mapped[str | None] = mapped_column(String(200))
    address: Mapped[str | None] = mapped_column(String(45))
    detail: Mapped[str | None] = mapped_column(Text)
    fold: Mapped[str | None] = mapped_column(String(64), unique=True)
    """Names the acts that share this entry; None if it has none."""
