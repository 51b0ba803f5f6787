"""What comes in and what goes out of the REST resources."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from marshmallow import EXCLUDE, RAISE, Schema, fields, validate

MAX_NAME_LENGTH = 200
"""Of a name that is tried at a sign-in; see `names` for those that users have."""
MAX_TRIED_LENGTH = 1024


class WholeNumber(fields.Integer):
    """A JSON number without a fraction: 5 and 5.0, which JSON does not tell apart, but no text and no boolean."""

    def _validated(self, value: Any) -> int:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or (isinstance(value, float) and not value.is_integer()):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class YesOrNo(fields.Boolean):
    """A JSON boolean; no text or number stands for one."""

    def _deserialize(self, value: Any, *args: Any, **options: Any) -> Any:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, *args, **options)


def moment(description: str | None = None, *, allow_none: bool = False) -> fields.String:
    """Return the field of a time that services have written already: UTC, to the second."""
    told = {"format": "date-time"} | ({"description": description} if description else {})
    return fields.String(allow_none=allow_none, metadata=told)


class InputSchema(Schema):
    """What comes in: unknown fields are an error, so that a misspelt one is not silently lost."""

    class Meta:
        unknown = RAISE


class OutputSchema(Schema):
    """What goes out: all fields, each time, but those in SOMETIMES."""

    SOMETIMES: ClassVar[tuple[str, ...]] = ()

    class Meta:
        unknown = EXCLUDE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Have the description say that a field is always there."""
        field_obj.required = field_name not in self.SOMETIMES


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
    cookies = YesOrNo(load_default=False, metadata={"description": "set HttpOnly cookies instead"})


class RefreshSchema(InputSchema):
    """Nothing but, perhaps, an empty JSON object."""


class PasswordChangeSchema(InputSchema):
    """A change of one's own password."""

    current_password = fields.String(required=True, validate=validate.Length(1, MAX_TRIED_LENGTH), load_only=True)
    new_password = fields.String(required=True, validate=validate.Length(1, MAX_TRIED_LENGTH), load_only=True)


class TokensSchema(OutputSchema):
    """What a sign-in gives: tokens, or `{"cookies": true}`."""

    SOMETIMES = ("access_token", "refresh_token", "token_type", "cookies")

    access_token = fields.String()
    refresh_token = fields.String()
    token_type = fields.String()
    cookies = fields.Boolean()


class UserSchema(OutputSchema):
    """A user as others may see them."""

    id = fields.String()
    username = fields.String()
    role = fields.String(metadata={"enum": ["user", "admin"]})
    disabled = fields.Boolean()
    quota_bytes = fields.Integer(allow_none=True, metadata={"description": "their own; null: the general one"})
    created_at = moment()
    updated_at = moment()


class MeSchema(UserSchema):
    """A user as they see themselves."""

    must_change_password = fields.Boolean(metadata={"description": "before anything else: an admin has set it"})
