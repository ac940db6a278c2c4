"""Making training data: so far questions whose passages and answers were translated apart."""

from openqa.generate.translated import Remapped, remap, remap_file

__all__ = ["Remapped", "remap", "remap_file"]
