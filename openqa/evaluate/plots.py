"""Tables of languages as pictures. Needs matplotlib, which the extra `plot` installs."""

from pathlib import Path

from openqa.errors import require
from openqa.evaluate.matrix import Matrix


def plot_matrix(matrix: Matrix, path: Path, *, title: str, decimals: int = 1) -> None:
    """Writes a heat map: question languages from above, passage languages from the left, the value in each cell.

    Args:
        matrix: one measure.
        path: the file, .png or another form that matplotlib knows.
        title: stands above.
        decimals: of the values.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    require("plot", "matplotlib")
    from matplotlib.figure import Figure

    values = matrix.values
    rows, columns = values.shape
    figure = Figure(figsize=(1.6 + 0.62 * columns, 1.4 + 0.5 * rows), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(values, cmap="viridis", aspect="auto")
    middle = (values.min() + values.max()) / 2
    for row in range(rows):
        for column in range(columns):
            colour = "white" if values[row, column] < middle else "black"
            text = f"{values[row, column]:.{decimals}f}"
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=8)
    axes.set_xticks(range(columns), matrix.passage_langs)
    axes.set_yticks(range(rows), matrix.question_langs)
    axes.set_xlabel("passage language")
    axes.set_ylabel("question language")
    axes.set_title(title)
    figure.colorbar(image)
    figure.savefig(path, dpi=120)
