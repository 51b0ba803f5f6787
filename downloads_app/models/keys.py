"""Table of API keys."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from downloads_app.models.accounts import User
from downloads_app.models.columns import Model, UtcDateTime, UuidText, new_id


class ApiKey(Model):
    """What a program shows in place of its owner's password. A revoked key has no row; see `services/accounts/keys`."""

    __tablename__ = "api_keys"
    __table_args__ = (Index("ix_api_keys_user_id", "user_id", "created_at", "id"),)

    id: Mapped[str] = mapped_column(UuidText, primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(UuidText, ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of the key. A key has 202 random bits, so nobody can find it by trying; no slow hash is needed."""
    hint: Mapped[str] = mapped_column(String(8))
    """How the key begins, so that its owner knows which one it is."""
    can_read: Mapped[bool] = mapped_column()
    can_write: Mapped[bool] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """To the minute."""

    user: Mapped[User] = relationship()

    @property
    def scopes(self) -> list[str]:
        """`read`, `write`, or both."""
        return ["read"] * self.can_read + ["write"] * self.can_write
