"""Tables of users, their identities and sign-ins, revoked tokens and failed sign-ins."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from downloads_app.models.columns import Model, UtcDateTime, UuidText, new_id, utc_now


class User(Model):
    """A person who downloads. The database sets `change_id` at each write (see Download)."""

    __tablename__ = "users"
    __table_args__ = (
        Index("ix_users_list_created", "created_at", "id"),
        Index("ix_users_list_updated", "updated_at", "id"),
        Index("ix_users_list_admin", "is_admin", "username"),
        Index("ix_users_list_disabled", "is_disabled", "username"),
    )

    id: Mapped[str] = mapped_column(UuidText, primary_key=True, default=new_id)
    username: Mapped[str] = mapped_column(String(80), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    is_admin: Mapped[bool] = mapped_column(default=False)
    is_disabled: Mapped[bool] = mapped_column(default=False)
    tokens_valid_from: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Tokens issued before this are refused. It is set when the password changes, and when the user is disabled or
    enabled."""
    must_change_password: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Another person set the password and knows it: the user can do nothing else before changing it."""
    quota_bytes: Mapped[int | None] = mapped_column(BigInteger)
    """What may lie on the disk for them; None: the general quota (see `quota_of`)."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, onupdate=utc_now)
    change_id: Mapped[int] = mapped_column(BigInteger, server_default=text("0"), index=True)

    @property
    def role(self) -> str:
        """`admin` or `user`."""
        return "admin" if self.is_admin else "user"


class Identity(Model):
    """A user as an identity provider knows them. `sub` is never given to another person; a name may be."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[str] = mapped_column(UuidText, primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(UuidText, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)


class SignIn(Model):
    """One sign-in: a family of tokens. A row of RevokedToken ends it."""

    __tablename__ = "sign_ins"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    """The `fam` of its tokens."""
    user_id: Mapped[str] = mapped_column(UuidText, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When its newest tokens were issued."""
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When a request last came with one of its tokens, to the minute; None if the version before wrote the row."""
    rotated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When `previous_refresh_id` was exchanged."""
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    """When its last refresh token expires, so that the row can go."""
    refresh_id: Mapped[str] = mapped_column(String(64))
    """The `jti` of the refresh token that is good now."""
    previous_refresh_id: Mapped[str | None] = mapped_column(String(64))
    address: Mapped[str | None] = mapped_column(String(45))
    client: Mapped[str | None] = mapped_column(String(200))

    @property
    def used_at(self) -> datetime:
        """Return when it was last used: a request with one of its tokens, or an exchange of them."""
        return max(self.issued_at, self.last_used_at or self.issued_at)


class FailedSignIns(Model):
    """How often the password was wrong in the present window, for one account, address or browser (see `attempts`)."""

    __tablename__ = "failed_sign_ins"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    """A digest under our key: people type passwords in place of names."""
    count: Mapped[int]
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class RevokedToken(Model):
    """A token, or a whole family of tokens, that is refused although it verifies."""

    __tablename__ = "revoked_tokens"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    """A token's `jti`, or the `fam` that an access and its refresh tokens share."""
    user_id: Mapped[str] = mapped_column(UuidText, index=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    """When the last token it names has expired anyway, so that the row can go."""
    change_id: Mapped[int] = mapped_column(BigInteger, server_default=text("0"), index=True)
