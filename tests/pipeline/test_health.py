"""The checks of an installation."""

from openqa import __version__
from openqa.pipeline.health import CORE, checks


def test_every_core_package_is_looked_at() -> None:
    """With its version; so is each extra, the compiled loops and a search."""
    found = {check.name: check for check in checks()}
    assert found["openqa"].found.startswith(__version__)
    assert all(found[name].is_ok for name in CORE)
    assert found["bm25"].is_ok, found["bm25"].found
    assert found["bm25"].found.endswith("found moon#0")
    assert found["compiled loops"].is_ok, found["compiled loops"].found
    assert {"extra faiss", "extra hub", "threads", "dense", "answers"} <= found.keys()
