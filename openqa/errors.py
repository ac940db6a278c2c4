"""The exception tree: every error that openqa raises on purpose and that a user can act on.

Each message says what is wrong with which value, what was needed, and what to do.
A wrong call from Python is a plain ValueError or TypeError and is not listed here.
"""

import difflib
import importlib.util
from collections.abc import Iterable


class OpenQAError(Exception):
    """Anything openqa refuses for a reason that the user can act on."""


class DataError(OpenQAError):
    """An input file or record is not what it should be; the message starts with path:line."""


class NoText(DataError):
    """An input file is sound, but there is no text in it."""


class ConfigError(OpenQAError):
    """An option, key or name is unknown or out of range; the message lists what is allowed."""


class IndexFolderError(OpenQAError):
    """An index folder is missing, damaged, locked or of another format; the message names the path."""


class EncoderMismatch(IndexFolderError):
    """An index was built with another encoder or analyzer than the one now at hand."""


class ModelError(OpenQAError):
    """A model cannot be found, read or run."""


class MissingExtra(OpenQAError):
    """An optional package is not installed; the message is the pip line that installs it."""

    def __init__(self, module: str, extra: str) -> None:
        super().__init__(f'{module} is not installed; pip install "openqa[{extra}]"')


def require(extra: str, *modules: str) -> None:
    """Makes sure that optional packages are installed, without importing them.

    Args:
        extra: the extra of openqa that brings them.
        modules: the names that they are imported by.

    Raises:
        MissingExtra: one is not installed.
    """
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise MissingExtra(module.replace("_", "-"), extra)


def unknown_name(kind: str, name: str, known: Iterable[str]) -> ConfigError:
    """Returns the error for a name outside a closed list, with the nearest known name as a guess.

    Args:
        kind: what the name stands for, such as "retriever".
        name: the name that was given.
        known: all names that are allowed.
    """
    names = sorted(known)
    message = f'unknown {kind} "{name}"; known: {", ".join(names)}'
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return ConfigError(f'{message}; did you mean "{near[0]}"?' if near else message)
