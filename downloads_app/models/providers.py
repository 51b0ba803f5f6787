"""Tables of providers and their repositories."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from downloads_app.models.columns import Model, UtcDateTime, UuidText, new_id, utc_now


class Provider(Model):
    """A place that holds repositories. `sources.Access` is its plain-value counterpart.

    `sources.registry` has the kinds. No interface ever shows the columns that end in `_encrypted`.
    """

    __tablename__ = "providers"
    __table_args__ = (
        Index("ix_providers_list_kind", "kind", "id"),
        Index("ix_providers_list_created", "created_at", "id"),
        Index("ix_providers_list_updated", "updated_at", "id"),
    )

    id: Mapped[str] = mapped_column(UuidText, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    url: Mapped[str] = mapped_column(Text)
    token_encrypted: Mapped[str | None] = mapped_column(Text)
    allow_private_network: Mapped[bool] = mapped_column(default=False)
    max_connections: Mapped[int | None] = mapped_column()
    proxy_url_encrypted: Mapped[str | None] = mapped_column(Text)
    ca_file: Mapped[str | None] = mapped_column(Text)
    username: Mapped[str | None] = mapped_column(Text)
    password_encrypted: Mapped[str | None] = mapped_column(Text)
    header_name: Mapped[str | None] = mapped_column(String(100))
    header_value_encrypted: Mapped[str | None] = mapped_column(Text)
    client_certificate_encrypted: Mapped[str | None] = mapped_column(Text)
    allow_hosts: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    address_list_encrypted: Mapped[str | None] = mapped_column(Text, deferred=True)
    """Up to some megabytes, so it is read only when it is used."""
    region: Mapped[str | None] = mapped_column(String(100))
    paused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Since when nothing is fetched from it (`services/queue/pauses.py`); None while it is not paused."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, onupdate=utc_now)


class Repository(Model):
    """A named collection of files at a provider."""

    __tablename__ = "repositories"
    __table_args__ = (
        UniqueConstraint("provider_id", "name"),
        Index("ix_repositories_list_name", "name", "id"),
        Index("ix_repositories_list_created", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(UuidText, primary_key=True, default=new_id)
    provider_id: Mapped[str] = mapped_column(ForeignKey("providers.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    provider: Mapped[Provider] = relationship()
