import pytest
from hypothesis import given
from hypothesis import strategies as st

from openqa.corpus.passages import split
from openqa.corpus.tables import GROUP_CHARACTERS, heads, markdown_row, row_groups
from openqa.errors import ConfigError
from openqa.types import Document

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


def test_a_passage_that_goes_on_with_a_table_has_its_caption_and_columns_after_the_title() -> None:
    """What the rows mean stands above them, so each passage of them says it; the first row's passage has it itself."""
    rows = "\n".join(f"| {year} | Kasaba {year} | {year * 7} |" for year in range(1900, 1960))
    text = f"Ankara bir şehirdir.\n\nNüfus:\n| Yıl | Ad | Sayı |\n|---|---|---|\n{rows}\n\nSon cümle burada durur."
    passages = split(Document("a", text, title="Ankara", lang="tr"), window_words=40)
    inner = [passage for passage in passages if passage.text.startswith("| 19")]
    assert len(inner) > 3
    assert {passage.title for passage in inner} == {"Ankara – Nüfus: Yıl, Ad, Sayı"}
    assert {passage.title for passage in passages if passage not in inner} == {"Ankara"}
    assert all(text[passage.start :].startswith(passage.text) for passage in passages)


def test_heads_are_of_the_table_that_a_start_is_in() -> None:
    """A start at the first row, outside, in a lone row or below another table has none, or that table's own."""
    text = "| lone |\nText\n| a | b |\n| 1 | 2 |\n\n## T\n| c \\| d |\n| 3 |\n| 4 |\nEnd"
    starts = [text.index(part) for part in ("| lone", "Text", "| a", "| 1", "| c", "| 3", "| 4", "End")]
    assert heads(text, starts) == ["", "", "", "Text: a, b", "", "T: c \\| d", "T: c \\| d", ""]


def test_a_long_line_above_a_table_is_no_caption() -> None:
    """Only a short line names a table."""
    text = f"{'word ' * 30}\n| a | b |\n| 1 | 2 |"
    assert heads(text, [text.index("| 1")]) == ["a, b"]


def test_a_title_alone_is_the_head_where_the_document_has_none() -> None:
    """No dash stands before nothing."""
    text = "\n".join(["| a | b |", *(f"| {n} word word word | x |" for n in range(30))])
    assert split(Document("a", text, lang="en"), window_words=20)[1].title == "a, b"
