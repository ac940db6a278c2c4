"""How results look to people."""

from openqa.cli.output import excerpt, marked, one_line, size, source
from openqa.types import Passage


def passage(text: str, **fields: str) -> Passage:
    """A passage with an id."""
    return Passage("p", "d", text, **fields)  # type: ignore[arg-type]


def test_the_answer_is_marked_where_it_stands() -> None:
    """White space becomes single spaces, and the spaces around the answer stay."""
    text = "The capital\nof  France is\tParis."
    start = text.index("Paris")
    assert marked(passage(text), start, start + 5) == "The capital of France is **Paris**."
    assert marked(passage("東京は首都"), 0, 2) == "**東京**は首都"
    assert marked(passage("Paris"), 0, 5) == "**Paris**"


def test_a_long_passage_is_cut_at_words() -> None:
    """On both sides of the answer."""
    text = "before " * 50 + "Paris " + "after " * 50
    shown = marked(passage(text), text.index("Paris"), text.index("Paris") + 5)
    assert shown.startswith("…before ")
    assert shown.endswith(" after…")
    assert " before **Paris** after " in shown
    assert len(shown) < 340


def test_right_to_left_text_keeps_to_itself() -> None:
    """It stands in an isolate, so that what follows on the line stays in place."""
    assert one_line("القاهرة") == "\u2068القاهرة\u2069"
    assert one_line("Cairo") == "Cairo"
    assert marked(passage("عاصمة مصر القاهرة"), 10, 17) == "\u2068عاصمة مصر **القاهرة**\u2069"


def test_a_document_cannot_command_the_terminal() -> None:
    """Escape sequences lose their escape."""
    shown = excerpt(passage("a\x1b[31mred\x07", title="t\x1b]0;x\x07"))
    assert shown == "a[31mred"
    assert one_line("a\x1b[31m\nred") == "a[31m red"
    assert source(passage("x", title="t\x1b]0;x\x07", lang="en")) == "t]0;x · en · passage p"


def test_sizes_are_in_units_that_fit() -> None:
    """Powers of 1,000."""
    assert [size(n) for n in (999, 1_500, 2_340_000, 5_000_000_000)] == ["999 bytes", "1.5 kB", "2.3 MB", "5.0 GB"]
