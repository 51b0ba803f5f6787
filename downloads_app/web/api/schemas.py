"""What comes in and what goes out of the REST resources."""

from datetime import UTC, datetime
from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, fields, validate

MAX_NAME_LENGTH = 200
"""Of a name that is tried at a sign-in; see `names` for those that users have."""
MAX_TRIED_LENGTH = 1024


class InputSchema(Schema):
    """What comes in: unknown fields are an error, so that a misspelt one is not silently lost."""

    class Meta:
        unknown = RAISE


class OutputSchema(Schema):
    """What goes out."""

    class Meta:
        unknown = EXCLUDE


class OwnerQuery(InputSchema):
    """Whose."""

    user_id = fields.UUID(load_default=None, metadata={"description": "for admins: somebody else's"})


class Moment(fields.AwareDateTime):
    """A time in a query, as UTC. A time without a zone is UTC."""

    def __init__(self, description: str) -> None:
        super().__init__(format="iso", default_timezone=UTC, metadata={"description": description})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        """Return the time; refuse one that the change of its zone moves out of the years 1 to 9999."""
        given: datetime = super()._deserialize(value, attr, data, **kwargs)
        try:
            return given.astimezone(UTC)
        except OverflowError as exc:
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE) from exc


class LoginSchema(InputSchema):
    """A sign-in."""

    username = fields.String(required=True, validate=validate.Length(1, MAX_NAME_LENGTH))
    password = fields.String(required=True, validate=validate.Length(1, MAX_TRIED_LENGTH), load_only=True)
    cookies = fields.Boolean(load_default=False, metadata={"description": "set HttpOnly cookies instead"})


class RefreshSchema(InputSchema):
    """Nothing but, perhaps, an empty JSON object."""


class PasswordChangeSchema(InputSchema):
    """A change of one's own password."""

    current_password = fields.String(required=True, validate=validate.Length(1, MAX_TRIED_LENGTH), load_only=True)
    new_password = fields.String(required=True, validate=validate.Length(1, MAX_TRIED_LENGTH), load_only=True)


class TokensSchema(OutputSchema):
    """What a sign-in gives: tokens, or `{"cookies": true}`."""

    access_token = fields.String()
    refresh_token = fields.String()
    token_type = fields.String()
    cookies = fields.Boolean()


class UserSchema(OutputSchema):
    """A user as others may see them."""

    id = fields.String()
    username = fields.String()
    role = fields.String(metadata={"enum": ["user", "admin"]})
    disabled = fields.Boolean(attribute="is_disabled")
    quota_bytes = fields.Integer(allow_none=True, metadata={"description": "their own; null: the general one"})
    created_at = fields.DateTime(format="%Y-%m-%dT%H:%M:%SZ")
    updated_at = fields.DateTime(format="%Y-%m-%dT%H:%M:%SZ")


class MeSchema(UserSchema):
    """A user as they see themselves."""

    must_change_password = fields.Boolean(metadata={"description": "before anything else: an admin has set it"})
