"""What is said of a setting that cannot be read: the variable, the value, and what is expected."""

from collections.abc import Mapping

from pydantic import ValidationError
from pydantic.fields import FieldInfo

_NUMBERS = {"int_parsing": "a whole number", "int_from_float": "a whole number", "float_parsing": "a number"}
"""What is expected by the names of pydantic's faults, in plain words."""
_UNITS = ("bytes", "seconds", "days")


def describe_fault(error: ValidationError, fields: Mapping[str, FieldInfo]) -> str:
    """Return a sentence on the first fault. Of a secret it shows only how long it is."""
    first = error.errors()[0]
    name = str(first["loc"][0])
    value = first["input"]
    size_bytes = len(str(value).encode(errors="replace"))  # the environment may hold what is not UTF-8
    shown = repr(value) if fields[name].repr else f"a value of {size_bytes} bytes"
    expected = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if kind := _NUMBERS.get(first["type"]):
        expected = kind + _count_of(name)
    if isinstance(first.get("ctx", {}).get("error"), UnicodeError):
        expected = "text in UTF-8"
    return f"{name.upper()} is {shown}; expected: {expected}"


def _count_of(name: str) -> str:
    """Return what a setting counts, as its name says."""
    units = [unit for unit in _UNITS if unit in name.split("_")]
    return f" of {units[0]}, without a unit" if units else ""
