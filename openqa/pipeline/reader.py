"""What an open index is to those who only read it: search, passages, counts, and whether its bytes are sound."""

import threading
import weakref
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self, TypeVar

from openqa.errors import IndexFolderError
from openqa.index.folder import Damage, verify_folder
from openqa.index.generation import newest_generation
from openqa.pipeline.background import BackgroundCheck
from openqa.pipeline.info import IndexInfo, index_info
from openqa.pipeline.questions import check_questions, with_languages
from openqa.pipeline.retrievers import available
from openqa.pipeline.view import View, open_view
from openqa.types import Passage, Question, Ranking

_Found = TypeVar("_Found")


class IndexReader:
    """An open index, without what changes it.

    It stays on its generation until `refresh`, but for one case: where a retriever is opened for the first time and
    its files have been collected meanwhile, the newest generation is taken. `with` closes it; so does leaving it to
    the garbage collector.
    """

    def __init__(self, view: View, check: BackgroundCheck | None = None) -> None:
        """Takes an open generation.

        Args:
            view: its generation to search.
            check: checks every byte meanwhile, and of later generations too; None for no such check.
        """
        self.path = view.snapshot.path
        self._open: View | None = None
        self._changing = threading.Lock()
        self._check = check
        self._show(view)

    def __len__(self) -> int:
        """Number of passages."""
        return len(self._view.snapshot)

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts it can be searched by."""
        return tuple(sorted(self._view.snapshot.generation.parts))

    @property
    def default_retriever(self) -> str:
        """The retriever that uses the most of its parts: "hybrid" where bm25 and dense are there."""
        return available(self.parts)[-1]

    def search(self, questions: Sequence[Question], k: int = 10, retriever: str = "hybrid") -> list[Ranking]:
        """Ranks passages for questions; nothing on the disk is changed by it.

        Args:
            questions: B of them, each of at most 10,000 characters; an unknown language is identified.
            k: hits a question; at least 1.
            retriever: "bm25", "dense" or "hybrid".

        Returns:
            B rankings of at most k hits, scores never rising, equal ones in the order of passage ids.

        Raises:
            ValueError: a question is blank or too long, or k is below 1.
            ConfigError: the retriever is unknown.
            IndexFolderError: the index has not the part that the retriever needs, or a file is damaged.
            EncoderMismatch: the encoder or analyzer at hand is not that of the index.
        """
        check_questions(questions, k)
        return self._with_newest(lambda view: _search(view, questions, k, retriever))

    def search_passages(
        self, questions: Sequence[Question], k: int = 10, retriever: str = "hybrid"
    ) -> tuple[list[Ranking], list[list[Passage]]]:
        """Ranks as `search`, and returns the passages of each ranking too, all of one generation.

        Args:
            questions: as for `search`.
            k: as for `search`.
            retriever: as for `search`.
        """
        check_questions(questions, k)

        def find(view: View) -> tuple[list[Ranking], list[list[Passage]]]:
            rankings = _search(view, questions, k, retriever)
            return rankings, [[view.snapshot.passage(hit.passage_id) for hit in ranking] for ranking in rankings]

        return self._with_newest(find)

    def passage(self, passage_id: str) -> Passage:
        """Returns a passage.

        Raises:
            KeyError: the index has no such passage.
        """
        return self._with_newest(lambda view: view.snapshot.passage(passage_id))

    def refresh(self) -> bool:
        """Moves on to the newest generation; True when there was a newer one.

        Raises:
            IndexFolderError: it is damaged.
        """
        view = self._view
        if newest_generation(self.path)[0].number == view.number:
            return False
        self._show(open_view(self.path, view.encoder))
        return True

    def verify(self, mode: str = "full") -> list[Damage]:
        """Returns what is damaged on the disk now; [] when nothing is.

        Args:
            mode: "full" checks every byte, "quick" the small files and all sizes.

        Raises:
            IndexFolderError: there is no sound generation left.
        """
        return list(verify_folder(self.path, mode))

    @property
    def withdrawn(self) -> tuple[Damage, ...]:
        """What `verify="background"` has found damaged so far; segments with such files are left out of search."""
        return self._check.damages if self._check else ()

    def info(self) -> IndexInfo:
        """Returns counts, sizes and settings."""
        return index_info(self._view.snapshot)

    def close(self) -> None:
        """Lets go of all files; a second call does nothing."""
        self._open = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        """Path, size and parts."""
        if self._open is None:
            return f'Index("{self.path}", closed)'
        return f'Index("{self.path}", {len(self)} passages, parts {", ".join(self.parts)})'

    def _show(self, view: View) -> None:
        """Takes a generation; what is known to be damaged of it is left out, and the rest is looked at."""
        check = self._check
        with self._changing:
            self._open = check.sound_view(view) if check else view
        if not check:
            return
        reader_of, number = weakref.ref(self), view.number

        def is_shown() -> bool:
            reader = reader_of()
            return reader is not None and reader._open is not None and reader._open.number == number

        def withdraw() -> None:
            reader = reader_of()
            if reader is not None:
                with reader._changing:
                    if is_shown():
                        reader._open = check.sound_view(reader._view)

        check.start(view.snapshot.generation, is_shown, withdraw)

    @property
    def _view(self) -> View:
        if self._open is None:
            raise ValueError(f'index "{self.path}" is closed; open it again with openqa.open_index')
        return self._open

    def _with_newest(self, find: Callable[[View], _Found]) -> _Found:
        """Finds something; once more in the newest generation where files of this one have been collected."""
        view = self._view
        try:
            return find(view)
        except IndexFolderError:
            if self._view is view and not self.refresh():
                raise
        return find(self._view)


def _search(view: View, questions: Sequence[Question], k: int, retriever: str) -> list[Ranking]:
    searcher = view.retriever(retriever)
    return searcher.search(with_languages(questions), min(k, max(1, len(view.snapshot)))) if questions else []
