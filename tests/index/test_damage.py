"""Tests of damaged bytes: checked ones are noticed and named, unchecked ones do no worse than change an answer.

"Unchecked" is `verify="quick"` with a size limit of zero, under which it reads no file but the generation; sizes are
always compared. Such an index is opened and searched in a process of its own that may take 500 MB more than it has at
the start, under a timer: a crash, a hang, more memory or any error but an OpenQAError fails the test.
"""

import faulthandler
import json
import os
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import numpy as np
import pytest

from openqa.errors import IndexFolderError, OpenQAError
from openqa.index.deletions import delete_from_folder
from openqa.index.folder import Snapshot, open_folder
from openqa.index.writer import WriteOptions, build_folder
from openqa.retrieve.bm25 import Bm25Part, Bm25Retriever
from openqa.retrieve.dense import DensePart, DenseRetriever
from openqa.types import Part, Passage, Question
from tests.fakes import LengthPart, document
from tests.retrieve.encoders import LetterEncoder

ROOT = Path(__file__).parents[2]
LIMIT_BYTES = 500 << 20
LIMIT_S = 60
REAL_PARTS: tuple[Part, ...] = (Bm25Part(), DensePart(LetterEncoder()))
WORDS = [
    *("alpha", "beta", "river", "mountain", "house", "tree", "water", "light", "stone", "bird", "city", "winter"),
    *("ışık", "göl", "dağ", "山水", "東京", "река", "гора", "बारिश", "मदीना", "مدينة"),
]
QUESTIONS = [
    Question("1", "river mountain", "en"),
    Question("2", "ışık göl", "tr"),
    Question("3", "東京 stone bird", "ja"),
    Question("4", "nothing of this"),
]


def documents(n: int) -> Iterator[list[Passage]]:
    """Documents of one to three passages in several languages."""
    random = Random(n)
    for i in range(n):
        texts = [" ".join(random.choices(WORDS, k=random.randint(1, 12))) for _ in range(1 + i % 3)]
        yield document(f"d{i}", *texts, title=f"title {i}", lang=("en", "tr", "ja", "und")[i % 4])


def make(path: Path, parts: tuple[Part, ...], n_documents: int) -> Path:
    """An index of two generations, with a deletion."""
    build_folder(path, documents(n_documents), parts, options=WriteOptions(segment_size=n_documents * 2))
    delete_from_folder(path, passages=["d1#0"])
    return path


def files_of(path: Path) -> list[Path]:
    """The generation files, and all that the newest one names."""
    return [*path.glob("generation-*.json"), *(path / name for name, _ in open_folder(path).generation.all_files())]


def put(file: Path, content: bytes) -> None:
    """Gives a file other bytes, as another file: what is mapped stays."""
    file.unlink()
    file.write_bytes(content)


def flipped(content: bytes, place: int, random: Random) -> bytes:
    """The bytes with one of them changed."""
    return content[:place] + bytes([content[place] ^ random.randint(1, 255)]) + content[place + 1 :]


def mutated(content: bytes, random: Random) -> bytes:
    """Other bytes of the same length: some by chance, a block of zeros, a block moved, or one bit in many."""
    data = bytearray(content)
    start = random.randrange(len(data))
    end = min(len(data), start + random.choice((2, 8, 64, 512, 4096)))
    kind = random.choice(("chance", "zeros", "ones", "moved", "bits"))
    if kind == "chance":
        data[start:end] = random.randbytes(end - start)
    elif kind == "zeros":
        data[start:end] = bytes(end - start)
    elif kind == "ones":
        data[start:end] = b"\xff" * (end - start)
    elif kind == "moved":
        source = random.randrange(len(data) - (end - start) + 1)
        data[start:end] = data[source : source + end - start]
    else:
        for place in range(start, end):
            data[place] ^= 1 << random.randrange(8)
    return bytes(data)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small index of a simple part."""
    return make(tmp_path_factory.mktemp("small") / "i", (LengthPart(),), 4)


def test_every_flipped_byte_is_named(small: Path) -> None:
    """Each byte in turn: `full` refuses and names the file."""
    random = Random(0)
    for file in files_of(small):
        sound = file.read_bytes()
        is_old = file.name == "generation-000001.json"
        for place in range(len(sound)):
            put(file, flipped(sound, place, random))
            if is_old:
                open_folder(small, verify="full")
                continue
            with pytest.raises(IndexFolderError) as caught:
                open_folder(small, verify="full")
            assert str(file) in str(caught.value)
        put(file, sound)
    open_folder(small, verify="full")


def test_every_flipped_byte_of_a_generation_is_passed_over(small: Path) -> None:
    """A reader goes on from the generation before, and can tell; with no sound one there is none."""
    random = Random(1)
    newest, old = small / "generation-000002.json", small / "generation-000001.json"
    sound, old_sound = newest.read_bytes(), old.read_bytes()
    for place in range(len(sound)):
        put(newest, flipped(sound, place, random))
        snapshot = open_folder(small)
        assert (snapshot.generation.number, snapshot.damaged_newer) == (1, (newest,))
    put(old, flipped(old_sound, 300, random))
    with pytest.raises(IndexFolderError, match=r"generation-000002\.json: does not match its own checksum"):
        open_folder(small)
    put(newest, sound)
    put(old, old_sound)


@pytest.mark.parametrize("verify", ["quick", "full"])
def test_every_cut_is_named(small: Path, verify: str) -> None:
    """Each file at each shorter length: both modes refuse and name it, whatever the size limit."""
    for file in files_of(small):
        sound = file.read_bytes()
        if file.name.startswith("generation-"):
            continue
        for length in range(len(sound)):
            put(file, sound[:length])
            with pytest.raises(IndexFolderError) as caught:
                open_folder(small, verify=verify, quick_limit_bytes=0)
            assert f"{file}: has {length} bytes, {len(sound)} were committed" in str(caught.value)
        put(file, sound + b"\0")
        with pytest.raises(IndexFolderError, match=f"has {len(sound) + 1} bytes, {len(sound)} were committed"):
            open_folder(small, verify=verify, quick_limit_bytes=0)
        put(file, sound)


def test_every_cut_of_a_generation_is_passed_over(small: Path) -> None:
    """As a flipped byte in it: a reader goes on from the one before."""
    newest = small / "generation-000002.json"
    sound = newest.read_bytes()
    for length in (*range(0, len(sound), 5), len(sound) - 1):
        put(newest, sound[:length])
        assert open_folder(small).generation.number == 1
        with pytest.raises(IndexFolderError, match=r"generation-000002\.json: does not match its own checksum"):
            open_folder(small, verify="full")
    put(newest, sound)


def answers(snapshot: Snapshot) -> object:
    """What an index answers: rankings of both retrievers, and every passage that it has."""
    encoder = LetterEncoder()
    retrievers = (Bm25Retriever(snapshot.segments), DenseRetriever(snapshot.segments, encoder))
    rankings = [retriever.search(QUESTIONS, 5) for retriever in retrievers]
    texts = [segment.store.passages(range(len(segment))) for segment in snapshot.segments]
    ids = [segment.passage_ids(np.arange(len(segment))) for segment in snapshot.segments]
    for segment in snapshot.segments:
        segment.row(ids[0][0])
        segment.document_rows(texts[0][0].document_id)
    return rankings, texts, ids


def survive(path: Path, damage: str, every: int) -> Counter[str]:
    """Damages one file of an index after the other, opens and searches it unchecked, and counts what comes of it."""
    expected = answers(open_folder(path))
    used_bytes = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (used_bytes + LIMIT_BYTES, used_bytes + LIMIT_BYTES))
    counts: Counter[str] = Counter()
    random = Random(every)
    for file in files_of(path):
        sound = file.read_bytes()
        places = range(random.randrange(every), len(sound), every) if damage == "flips" else range(every)
        for place in places:
            put(file, flipped(sound, place, random) if damage == "flips" else mutated(sound, random))
            faulthandler.dump_traceback_later(LIMIT_S, exit=True)
            try:
                found = answers(open_folder(path, quick_limit_bytes=0))
                counts["same" if found == expected else "changed"] += 1
            except OpenQAError:
                counts["refused"] += 1
            except BaseException:
                sys.stderr.write(f"{file}: {damage} at {place}, seed {every}\n")
                raise
        put(file, sound)
    faulthandler.cancel_dump_traceback_later()
    return counts


def survive_apart(path: Path, damage: str, every: int) -> Counter[str]:
    """As `survive`, in a process of its own."""
    code = (
        "import json, sys; from pathlib import Path; from tests.index.test_damage import survive; "
        "sys.stdout.write(json.dumps(survive(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))))"
    )
    command = [sys.executable, "-X", "faulthandler", "-c", code, str(path), damage, str(every)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return Counter(json.loads(done.stdout))


needs_proc = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads memory use from /proc")


@needs_proc
@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.exhaustive), 50], ids=["all", "some"])
def test_unchecked_flips(tmp_path: Path, every: int, record_property: Callable[[str, object], None]) -> None:
    """Each byte of a small index in turn: an answer, a changed answer, or an OpenQAError."""
    counts = survive_apart(make(tmp_path / "i", REAL_PARTS, 6), "flips", every)
    record_property("counts", dict(counts))
    sys.stdout.write(f"flipped bytes, by what came of them: {dict(counts)}\n")
    assert counts["same"] > 0
    assert counts["refused"] > 0
    assert counts["changed"] < counts.total()


@needs_proc
@pytest.mark.parametrize("n", [pytest.param(200, marks=pytest.mark.exhaustive), 5], ids=["all", "some"])
def test_unchecked_mutations(tmp_path: Path, n: int, record_property: Callable[[str, object], None]) -> None:
    """Random bytes, zeros, ones and moved blocks in every file of a larger index: the same."""
    counts = survive_apart(make(tmp_path / "i", REAL_PARTS, 300), "mutations", n)
    record_property("counts", dict(counts))
    sys.stdout.write(f"mutated files, by what came of them: {dict(counts)}\n")
    assert counts["refused"] > 0
    assert counts["changed"] < counts.total()


def test_mutations_are_named(tmp_path: Path) -> None:
    """What changes a byte of a larger index is refused by `full`, and the file named."""
    path = make(tmp_path / "i", REAL_PARTS, 100)
    random = Random(5)
    for file in files_of(path):
        if file.name == "generation-000001.json":
            continue
        sound = file.read_bytes()
        for content in (mutated(sound, random) for _ in range(5)):
            put(file, content)
            if content != sound:
                with pytest.raises(IndexFolderError) as caught:
                    open_folder(path, verify="full")
                assert str(file) in str(caught.value)
        put(file, sound)
