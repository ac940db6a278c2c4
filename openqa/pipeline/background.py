"""Checking every byte of an open index while it is searched, as a server does: what is damaged is withdrawn.

A file that was checked is not read again when the index moves on to a generation that has it too.
"""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from openqa.index.folder import Damage, Snapshot, problem_of
from openqa.index.generation import SEGMENTS_FOLDER, FileEntry, Generation, newest_generation
from openqa.pipeline.view import View

_log = logging.getLogger(__name__)


class BackgroundCheck:
    """What is known of the bytes of an index folder, and a thread that finds out more."""

    def __init__(self, path: Path) -> None:
        """Takes the index folder."""
        self._path = path
        self._sound: set[tuple[str, FileEntry]] = set()
        self._damaged: dict[tuple[str, FileEntry], Damage] = {}
        self._thread: threading.Thread | None = None

    @property
    def damages(self) -> tuple[Damage, ...]:
        """What was found so far."""
        return tuple(self._damaged.values())

    def sound_view(self, view: View) -> View:
        """Returns a view without the segments that are known to be damaged; the view itself where there are none.

        Args:
            view: of this index folder.
        """
        generation = view.snapshot.generation
        files = generation.all_files()
        damaged = {_segment_of(generation, name) for name, entry in files if (name, entry) in self._damaged}
        if not damaged & {segment.name for segment in generation.segments}:
            return view
        return View(Snapshot(self._path, generation.without(damaged)), view.encoder)

    def start(self, generation: Generation, is_wanted: Callable[[], bool], on_damage: Callable[[], None]) -> None:
        """Looks at the files of a generation that are not known yet, in a thread of its own.

        Args:
            generation: of this index folder, with all its segments.
            is_wanted: asked before each file; the thread ends when it says no.
            on_damage: called in the thread after each damaged file.
        """

        def check() -> None:
            for name, entry in generation.all_files():
                if not is_wanted():
                    return
                if (name, entry) in self._sound or (name, entry) in self._damaged:
                    continue
                problem = problem_of(self._path / name, entry)
                if not problem:
                    self._sound.add((name, entry))
                elif newest_generation(self._path)[0].number == generation.number:  # else it may have been collected
                    self._damaged[name, entry] = Damage(self._path / name, problem)
                    _log.error("%s: %s; %s", self._path / name, problem, _consequence(generation, name))
                    on_damage()

        self._thread = threading.Thread(target=check, name=f"check of {self._path}", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Waits until the thread has ended."""
        if self._thread:
            self._thread.join()


def _segment_of(generation: Generation, name: str) -> str:
    """The segment that a file belongs to, "" for none; a list of deleted rows belongs to the segment it is of."""
    if name.startswith(f"{SEGMENTS_FOLDER}/"):
        return name.split("/")[1]
    return next((segment for segment, entry in generation.deletions.items() if entry.file == name), "")


def _consequence(generation: Generation, name: str) -> str:
    segment = _segment_of(generation, name)
    lost = next((each.n_passages for each in generation.segments if each.name == segment), 0)
    what = f"its segment of {lost} passages is withdrawn from search" if segment else "search does not need it"
    return f"{what}; restore the file from a copy, or run openqa verify --repair"
