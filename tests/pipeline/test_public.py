"""The public names of openqa."""

import pytest

import openqa


def test_every_public_name_is_there() -> None:
    """And listed."""
    assert dir(openqa) == sorted(openqa.__all__)
    for name in openqa.__all__:
        assert getattr(openqa, name) is not None
    assert issubclass(openqa.EncoderMismatch, openqa.OpenQAError)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As of any module."""
    with pytest.raises(AttributeError, match=r'^module "openqa" has no attribute "opn_index"$'):
        openqa.opn_index  # noqa: B018
