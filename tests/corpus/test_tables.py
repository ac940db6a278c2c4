import pytest
from hypothesis import given
from hypothesis import strategies as st

from openqa.corpus.tables import GROUP_CHARACTERS, markdown_row, row_groups
from openqa.errors import ConfigError

HEADER = ("city", "inhabitants")
ROWS = [("Edirne", "180,000"), ("İzmir", ""), ("A|B", "two\nlines")]


def text_of(form: str) -> str:
    (group,) = row_groups(HEADER, ROWS, form)
    assert (group.first, group.last) == (1, 3)
    return group.text


def test_rows_as_markdown() -> None:
    """Under their header, each on one line, bars escaped."""
    assert text_of("markdown") == (
        "| city | inhabitants |\n| --- | --- |\n| Edirne | 180,000 |\n| İzmir |  |\n| A\\|B | two lines |"
    )


def test_rows_as_sentences() -> None:
    """With the names of the columns; empty cells are left out."""
    expected = "city: Edirne; inhabitants: 180,000.\ncity: İzmir.\ncity: A|B; inhabitants: two lines."
    assert text_of("sentences") == expected


def test_rows_in_a_template() -> None:
    """Columns in braces."""
    assert text_of("{city} has {inhabitants}!").split("\n")[0] == "Edirne has 180,000!"


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ("table", 'tables is "table"; markdown, sentences, or a template with {columns} in braces is needed'),
        ("{town}", 'tables names the column "town"; there are: city, inhabitants'),
    ],
)
def test_unknown_forms_are_refused(form: str, message: str) -> None:
    """Before any row."""
    with pytest.raises(ConfigError) as caught:
        next(row_groups(HEADER, ROWS, form))
    assert str(caught.value) == message


@given(st.lists(st.tuples(st.text(max_size=300), st.text(max_size=300)), max_size=40))
def test_every_row_is_in_one_group(rows: list[tuple[str, str]]) -> None:
    """In order, the header above each; a group is longer than its limit only if it is one row."""
    groups = list(row_groups(HEADER, rows, "markdown"))
    assert [number for group in groups for number in range(group.first, group.last + 1)] == list(
        range(1, len(rows) + 1)
    )
    for group in groups:
        lines = group.text.split("\n")
        assert lines[0] == markdown_row(HEADER)
        assert lines[2:] == [markdown_row(row) for row in rows[group.first - 1 : group.last]]
        assert group.first == group.last or sum(map(len, lines[2:])) <= GROUP_CHARACTERS
