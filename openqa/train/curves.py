"""The losses and the teacher's coefficient of a training as a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path

PANELS = (("loss", "cross_entropy", "divergence"), ("alpha",))


def plot_curves(history: Sequence[Mapping[str, float]], path: Path) -> None:
    """Writes a PNG: above the losses by step, below the coefficient where there is one.

    Needs matplotlib, which the extra `plot` installs.

    Args:
        history: what the trainer logged.
        path: the file.
    """
    from matplotlib.figure import Figure

    panels = [[name for name in names if any(name in logs for logs in history)] for names in PANELS]
    panels = [names for names in panels if names]
    figure = Figure(figsize=(7, 3 * len(panels)), layout="constrained")
    for axes, names in zip(figure.subplots(len(panels), squeeze=False, sharex=True)[:, 0], panels, strict=True):
        for name in names:
            points = [(logs["step"], logs[name]) for logs in history if name in logs]
            axes.plot(*zip(*points, strict=True), label=name.replace("_", " "))
        axes.legend(frameon=False)
        axes.grid(alpha=0.3)
    axes.set_xlabel("step")
    figure.savefig(path, dpi=120)
