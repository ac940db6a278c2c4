"""Settings that people write: a frozen pydantic model whose refusals are ConfigErrors, and TOML files of them."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from openqa.errors import ConfigError, DataError, unknown_name
from openqa.files import read_text

_TYPES: Mapping[str, str] = MappingProxyType(  # what pydantic's error types begin with
    {
        "int": "a whole number",
        "float": "a number",
        "bool": "true or false",
        "string": "a string",
        "tuple": "a list",
        "model": "a table of keys",
        "missing": "a value",
    }
)


class Settings(BaseModel):
    """Values of known keys.

    Raises:
        ConfigError: a key is unknown or missing, or a value of the wrong type or out of range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _wrong_type(error) from error

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown(cls, values: Any) -> Any:
        for name in values if isinstance(values, dict) else ():
            if name not in cls.model_fields:
                raise unknown_name("key", name, cls.model_fields)
        return values


SettingsT = TypeVar("SettingsT", bound=Settings)


def check_range(key: str, value: object, is_allowed: bool, needed: str) -> None:
    """Makes sure of a value's range.

    Args:
        key: its name.
        value: what was given.
        is_allowed: whether it is right.
        needed: what it should be, such as "a number of at least 0".

    Raises:
        ConfigError: it is not allowed.
    """
    if not is_allowed:
        raise ConfigError(f"{key} is {shown(value)}; {needed} is needed")


def read_toml(path: Path) -> dict[str, Any]:
    """Returns the content of a TOML file.

    Args:
        path: the file.

    Raises:
        DataError: the file is missing or not TOML.
    """
    try:
        return tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{path}: not valid TOML ({error}); write it as key = value lines") from error


def read_settings(path: Path, kind: type[SettingsT]) -> SettingsT:
    """Returns the settings of a TOML file; what is wrong in it is told with the file's name.

    Args:
        path: the file.
        kind: their class.

    Raises:
        DataError: the file is missing or not TOML.
        ConfigError: a key is unknown or missing, or a value of the wrong type or out of range.
    """
    values = read_toml(path)
    try:
        return kind(**values)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def beside(path: Path, model: str) -> str:
    """Returns a model's name as it is to be loaded: a folder beside the configuration goes before a hub name.

    Args:
        path: the configuration.
        model: hub name, or folder relative to the configuration's.
    """
    return str(path.parent / model) if (path.parent / model).is_dir() else model


def shown(value: object) -> str:
    """Returns a value as it stands in a message."""
    return "missing" if value is None else json.dumps(value, ensure_ascii=False, default=repr)


def _wrong_type(error: ValidationError) -> ConfigError:
    found = error.errors()[0]
    needed = _TYPES.get(found["type"].partition("_")[0], str(found["msg"]))
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in found["loc"]).removeprefix(".")
    value = None if found["type"] == "missing" else found["input"]
    return ConfigError(f"{place} is {shown(value)}; {needed} is needed")
