"""What is shown while a command works: how much is done, how fast, and how long the rest will take."""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_RATE_WINDOW_S = 60.0
_LEAST_SHARE = 0.02  # of the input; what is read of it says little about the rest before


def _unknown_share() -> float | None:
    return None


@dataclass
class Count:
    """What one command has done so far; the line that shows it is drawn from this several times a second.

    Attributes:
        label: what is being done.
        unit: what is counted, such as "passages"; "" shows the label and the time only.
        total: how many there will be, if that is known.
        share: returns the share of the input that is read, if that is known.
        is_all_new: everything that is read will be done, so that the share tells how many there will be.
    """

    label: str
    unit: str = ""
    total: int | None = None
    share: Callable[[], float | None] = _unknown_share
    is_all_new: bool = True
    n_done: int = 0
    n_read: int = 0
    _seen: deque[tuple[float, int]] = field(default_factory=deque)

    def __call__(self, n_done: int, total: int | None = None) -> None:
        """Takes how many are done by now, and how many there will be where that was not known before."""
        self.n_done = n_done
        self.total = total or self.total

    def read(self, n_read: int) -> None:
        """Takes how many have been read by now."""
        self.n_read = n_read

    def text(self, now_s: float) -> str:
        """Returns the line.

        Args:
            now_s: a clock that does not jump.
        """
        if not self.unit:
            return self.label
        share = self.share()
        of_input = f", {share:.0%} of the input" if share is not None else ""
        if not self.n_done and self.n_read:
            return f"{self.label}: {self.n_read:,} {self.unit} read{of_input}"
        total, is_exact = self._all(share)
        line = f"{self.label}: {self.n_done:,}"
        if total:
            line += f" of {total:,}" if is_exact else f" of about {_rounded(total):,}"
        line += f" {self.unit}"
        rate = self._rate(now_s)
        if rate:
            line += f", {rate:,.0f}/s"
            if total and total > self.n_done:
                line += f", {duration((total - self.n_done) / rate)} left"
        return line if total or not of_input else f"{line}{of_input} read"

    def _all(self, share: float | None) -> tuple[int, bool]:
        """How many there will be, 0 where nobody knows, and whether that is exact: what is read stands for the rest."""
        if self.total:
            return self.total, True
        if share is None or share < _LEAST_SHARE or not self.n_read or not self.is_all_new:
            return 0, False
        return max(self.n_done, round(self.n_read / share)), False

    def _rate(self, now_s: float) -> float:
        """How many a second, within the last minute."""
        seen = self._seen
        if not seen or seen[-1][1] != self.n_done:
            seen.append((now_s, self.n_done))
        while len(seen) > 2 and seen[1][0] < now_s - _RATE_WINDOW_S:
            seen.popleft()
        start_s, n_before = seen[0]
        return (self.n_done - n_before) / (now_s - start_s) if len(seen) > 1 and now_s > start_s else 0.0


@contextmanager
def progress(count: Count, *, while_printing: bool = False) -> Iterator[Count]:
    """Shows a count on standard error while the block runs, if that is a terminal.

    Args:
        count: what is shown.
        while_printing: the block prints results, so the count shows only where these go to a file or a pipe.
    """
    if not sys.stderr.isatty() or (while_printing and sys.stdout.isatty()):
        yield count
        return
    from rich.console import Console
    from rich.progress import Progress, ProgressColumn, SpinnerColumn, Task, TimeElapsedColumn
    from rich.text import Text

    class CountColumn(ProgressColumn):
        """The line, drawn anew each time."""

        def render(self, task: Task) -> Text:
            return Text(count.text(time.monotonic()), no_wrap=True, overflow="ellipsis")

    columns = (SpinnerColumn(), CountColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        bar.add_task("")
        yield count


def duration(seconds: float) -> str:
    """Returns a time as people read it, such as "1:05:00", "4:09" or "12 s"."""
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest:02}"
    return f"{minutes}:{rest:02}" if minutes else f"{rest} s"


def _rounded(number: int) -> int:
    """The number with two digits that say something."""
    scale = int(10 ** max(0, len(str(number)) - 2))
    return round(number / scale) * scale
