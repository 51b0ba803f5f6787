"""Tables of who may do what: users, tokens that are refused."""

from datetime import datetime

from sqlalchemy import BigInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from downloads_app.models.columns import Model, UtcDateTime, UuidText, new_id, utc_now


class User(Model):
    """Who downloads. `change_id` is set by the database at each write (see Download)."""

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(UuidText, primary_key=True, default=new_id)
    username: Mapped[str] = mapped_column(String(80), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    is_admin: Mapped[bool] = mapped_column(default=False)
    is_disabled: Mapped[bool] = mapped_column(default=False)
    tokens_valid_from: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Tokens issued before are refused; set when the password changes."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, onupdate=utc_now)
    change_id: Mapped[int] = mapped_column(BigInteger, server_default=text("0"), index=True)

    @property
    def role(self) -> str:
        """`admin` or `user`."""
        return "admin" if self.is_admin else "user"


class RevokedToken(Model):
    """A token, or a whole family of tokens, that is refused although it verifies."""

    __tablename__ = "revoked_tokens"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    """A token's `jti`, or the `fam` that an access and its refresh tokens share."""
    user_id: Mapped[str] = mapped_column(UuidText, index=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    """When the last token it names has expired anyway, so that the row can go."""
    change_id: Mapped[int] = mapped_column(BigInteger, server_default=text("0"), index=True)
