"""The README is true: its Python prints what it says, its commands exist, its folders are there."""

import contextlib
import io
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_python_example_prints_what_the_readme_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example, run in an empty folder, prints the lines of the block after it."""
    match = re.search(r"```python\n(.*?)```\s+```text\n(.*?)```", README, flags=re.DOTALL)
    assert match is not None
    code, expected = match.groups()
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {})
    assert printed.getvalue() == expected


def test_python_example_is_about_ten_lines() -> None:
    """The example stays short enough to be read at once."""
    match = re.search(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert match is not None
    assert len([line for line in match.group(1).splitlines() if line.strip()]) <= 14


@pytest.mark.parametrize("command", sorted(set(re.findall(r"^\$ openqa ([a-z]+)", README, flags=re.MULTILINE))))
def test_commands_of_the_readme_exist(command: str) -> None:
    """Every command that the README shows has a help text."""
    from openqa.cli.app import app

    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:openqa|scripts)/[\w/.]*)`", README))))
def test_files_of_the_readme_exist(path: str) -> None:
    """Every path of the file map and of the table is there."""
    assert (ROOT / path).exists()
