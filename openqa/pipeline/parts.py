"""The parts that an index may have, made from its settings."""

from collections.abc import Sequence

from openqa.types import Encoder, Part

PARTS = ("bm25", "dense")


class LazyEncoder:
    """The encoder of an index: given, or loaded by name when it is first needed."""

    def __init__(self, name: str, given: Encoder | None = None) -> None:
        """Takes either.

        Args:
            name: of the encoder to load.
            given: the encoder to use instead.
        """
        self.name = name
        self._is_given = given is not None
        self._loaded = given

    def get(self) -> Encoder:
        """Returns the encoder.

        Raises:
            ConfigError: its name is unknown.
            ModelError: its files are missing or damaged.
        """
        if self._loaded is None:
            from openqa.encode import load_encoder

            self._loaded = load_encoder(self.name)
        return self._loaded

    def for_name(self, name: str) -> "LazyEncoder":
        """Returns this one where it was given or has the name already, else one of that name."""
        return self if self._is_given or name == self.name else LazyEncoder(name)


def make_parts(names: Sequence[str], encoder: LazyEncoder) -> list[Part]:
    """Returns the parts of some names, each as it is written and as it is compared with an index.

    Args:
        names: of PARTS.
        encoder: for the dense part; not loaded where there is none.
    """
    made = {"bm25": _bm25, "dense": _dense}
    return [made[name](encoder) for name in names]


def _bm25(encoder: LazyEncoder) -> Part:
    from openqa.retrieve.bm25 import Bm25Part

    return Bm25Part()


def _dense(encoder: LazyEncoder) -> Part:
    from openqa.retrieve.dense import DensePart

    return DensePart(encoder.get())
