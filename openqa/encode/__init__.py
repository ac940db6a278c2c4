"""Text to vectors: the bundled encoder over the shared tokenizer and embedding table."""

from openqa.encode.loading import load_encoder

__all__ = ["load_encoder"]
