"""Where the work on parts is done: in this process, or in several others.

Worker processes are started anew (spawn), so a script that builds an index with several workers needs the usual
`if __name__ == "__main__":`.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any

from openqa.errors import IndexFolderError
from openqa.index.segments import Submit
from openqa.types import Part

_kept: list[Part] = []  # in a worker process: the parts, which may be large, sent once


@dataclass(frozen=True, slots=True)
class _Kept:
    """Stands for a part on its way to a worker."""

    number: int


@contextmanager
def workers(n_workers: int, parts: Sequence[Part]) -> Iterator[Submit]:
    """Yields a function that runs another one with arguments and returns its future.

    Args:
        n_workers: 1 runs everything in this process at once; more start so many processes.
        parts: what the arguments may hold of parts.

    Raises:
        IndexFolderError: a worker process died.
    """
    if n_workers == 1:
        yield run_here
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(n_workers, mp_context=context, initializer=_keep, initargs=(list(parts),))
    numbers = {id(part): _Kept(number) for number, part in enumerate(parts)}

    def submit(function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        return pool.submit(_run_there, function, [numbers.get(id(argument), argument) for argument in arguments])

    try:
        yield submit
    except BrokenProcessPool as error:
        raise IndexFolderError(
            "a worker process ended before its work was done, perhaps for want of memory; nothing is lost: run the "
            "same command again to go on, with fewer workers if memory is short"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def run_here(function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
    """Runs a function in this process at once; its future is done."""
    future: Future[Any] = Future()
    future.set_result(function(*arguments))
    return future


def _keep(parts: Sequence[Part]) -> None:
    """Begins a worker process: it keeps the parts, and ends when the process that started it has gone."""
    _kept.extend(parts)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # nobody takes the result, and the next run may want to write the same chunk


def _run_there(function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
    return function(*(_kept[value.number] if isinstance(value, _Kept) else value for value in arguments))
