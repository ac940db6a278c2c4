"""Tests of the source itself: the order of the folders, the measures of the style, docstrings, who may write files."""

import ast
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = [
    *("errors", "types", "files", "settings", "durable", "models", "demo", "text", "corpus", "index", "encode"),
    *("retrieve", "read", "generate", "train", "evaluate", "pipeline", "serve", "cli"),
]
FORBIDDEN_WORDS = {"util", "utils", "helper", "helpers", "common", "base", "manager", "factory"}
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
SLOW_MODULES = ("numpy", "numba", "torch", "onnxruntime", "faiss", "pydantic")
WRITING_CALLS = {
    "np": ("save", "savez", "savez_compressed", "savetxt", "memmap", "lib.format.open_memmap"),
    "os": ("open", "write", "rename", "replace", "remove", "unlink", "rmdir", "truncate"),
    "shutil": ("copy", "copy2", "copyfile", "copytree", "move", "rmtree"),
    "json": ("dump",),
    "faiss": ("write_index",),
}
WRITING_METHODS = {"write_text", "write_bytes", "tofile", "touch", "unlink", "rename", "rmdir", "symlink_to"}
SOURCES = sorted((ROOT / "openqa").rglob("*.py"))
SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

each_source = pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
each_file = pytest.mark.parametrize("path", [*SOURCES, *SCRIPTS], ids=lambda path: path.relative_to(ROOT).as_posix())


def tree_of(path: Path) -> ast.Module:
    """The syntax tree of a source file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method."""
    return (node for node in ast.walk(tree) if isinstance(node, FUNCTIONS))


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function from its first statement after the docstring to its end."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """Names of the parameters, without self and cls."""
    spec = function.args
    names = [arg.arg for arg in (*spec.posonlyargs, *spec.args, spec.vararg, *spec.kwonlyargs, spec.kwarg) if arg]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def own_imports(path: Path) -> Iterator[tuple[int, str, str]]:
    """Each import of openqa in a file: line, layer ("" for the package itself), imported name."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            modules = [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: import by the full name, not relative"
            modules = [(node.module or "", alias.name) for alias in node.names]
        else:
            continue
        for module, name in modules:
            parts = module.split(".")
            if parts[0] == "openqa":
                is_layer = len(parts) == 1 and name in LAYERS
                yield node.lineno, name if is_layer else (parts[1:] or [""])[0], name


def layer_of(path: Path) -> str:
    """The folder, or module beside the folders, that a file belongs to; "" for the package's own __init__."""
    first = path.relative_to(ROOT / "openqa").parts[0].removesuffix(".py")
    return "" if first in ("__init__", "__main__") else first


def called_name(call: ast.Call) -> str:
    """The dotted name that is called, as far as it is one."""
    return ast.unparse(call.func)


def open_mode(call: ast.Call) -> str:
    """The mode of a call of open() or of a path's open(); "r" where none is given."""
    position = 1 if isinstance(call.func, ast.Name) or called_name(call) in ("gzip.open", "io.open") else 0
    keyword = next((keyword.value for keyword in call.keywords if keyword.arg == "mode"), None)
    value = keyword or (call.args[position] if len(call.args) > position else None)
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else "r"


@each_source
def test_a_module_imports_only_from_above(path: Path) -> None:
    """The folders stand in the order of the data; a module imports from its own folder and those before it."""
    own = layer_of(path)
    if not own:
        return
    assert own in LAYERS, f"{path}: {own} is no layer; known: {' '.join(LAYERS)}"
    for line, layer, name in own_imports(path):
        if layer:
            assert LAYERS.index(layer) <= LAYERS.index(own), f"{path}:{line}: {own} imports {layer}, which is below it"
        elif LAYERS.index(own) <= LAYERS.index("pipeline"):
            assert name in ("", "__version__"), f"{path}:{line}: {own} imports {name} from the package's public names"


@each_source
def test_the_package_is_used_below_its_interface_for_its_version_only(path: Path) -> None:
    """A lower layer that says `import openqa` reads `openqa.__version__` and nothing else from it."""
    if not layer_of(path) or LAYERS.index(layer_of(path)) > LAYERS.index("pipeline"):
        return
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "openqa":
            assert node.attr == "__version__", f"{path}:{node.lineno}: openqa.{node.attr} is used below the interface"


def test_importing_the_package_is_light() -> None:
    """`import openqa` loads no numerical library."""
    code = "import openqa, sys; print(*sorted(m for m in sys.modules if '.' not in m))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not set(SLOW_MODULES) & set(done.stdout.split())


@each_file
def test_modules_and_functions_are_short(path: Path) -> None:
    """A module has at most 400 lines, a function body 60, a signature 6 parameters (a command, one for each option)."""
    n_lines = len(path.read_text(encoding="utf-8").splitlines())
    assert n_lines <= 400, f"{path} has {n_lines} lines"
    for function in functions(tree_of(path)):
        place = f"{path}:{function.lineno}: {function.name}"
        assert body_lines(function) <= 60, f"{place} has {body_lines(function)} lines"
        is_command = path.parent.name == "cli" and not function.name.startswith("_")
        assert len(parameters(function)) <= 6 or is_command, f"{place} has parameters {parameters(function)}"


def test_most_modules_and_functions_are_very_short() -> None:
    """Half of the modules are under 150 lines; half of the bodies under 10 lines, nine in ten under 35."""
    modules = [len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES if path.name != "__init__.py"]
    bodies = sorted(body_lines(function) for path in SOURCES for function in functions(tree_of(path)))
    assert statistics.median(modules) < 150
    assert statistics.median(bodies) < 10
    assert bodies[len(bodies) * 9 // 10] < 35


@each_file
def test_nothing_forbidden_is_used(path: Path) -> None:
    """No bare except, no `import *`, no pickle, no global state, no notes to come back to."""
    for node in ast.walk(tree_of(path)):
        place = f"{path}:{getattr(node, 'lineno', 0)}"
        assert not (isinstance(node, ast.ExceptHandler) and node.type is None), f"{place}: bare except"
        assert not isinstance(node, ast.Global), f"{place}: module-level mutable state"
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            assert all(alias.name != "*" for alias in node.names), f"{place}: import *"
            assert not FORBIDDEN_MODULES & {name.split(".")[0] for name in modules}, f"{place}: pickle"
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            assert ast.unparse(node.value) == "False", f"{place}: pickle"
    assert not re.search(r"#\s*(TODO|FIXME|XXX)\b", path.read_text(encoding="utf-8")), f"{path}: a note to come back to"


@each_source
def test_only_the_command_line_prints(path: Path) -> None:
    """`print` stands in cli/ only."""
    calls = (node for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call))
    lines = [call.lineno for call in calls if called_name(call) == "print"]
    assert not lines or layer_of(path) == "cli", f"{path}:{lines}: print"


@each_file
def test_names_say_something(path: Path) -> None:
    """No module or class is called utils, helper, common, base, manager or factory."""
    names = [path.stem, *(node.name for node in ast.walk(tree_of(path)) if isinstance(node, ast.ClassDef))]
    for name in names:
        words = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)}
        assert not words & FORBIDDEN_WORDS, f"{path}: {name}"


@each_file
def test_docstrings_name_the_parameters(path: Path) -> None:
    """Where a docstring has `Args:`, it names exactly the parameters, in their order."""
    for node in ast.walk(tree_of(path)):
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            continue
        section = re.search(r"^Args:\n((?:    .*\n?|\n)+)", ast.get_docstring(node) or "", re.MULTILINE)
        if not section:
            continue
        if isinstance(node, ast.ClassDef):
            start = next((f for f in node.body if isinstance(f, FUNCTIONS) and f.name == "__init__"), None)
            fields = [f.target.id for f in node.body if isinstance(f, ast.AnnAssign) and isinstance(f.target, ast.Name)]
            expected = parameters(start) if start else fields
        else:
            expected = parameters(node)
        found = re.findall(r"^    \*{0,2}(\w+):", section[1], re.MULTILINE)
        assert found == expected, f"{path}:{node.lineno}: {node.name} documents {found}, has {expected}"


@each_source
def test_index_bytes_are_written_in_one_place(path: Path) -> None:
    """index/, encode/ and retrieve/ write, rename and remove files through durable.py alone."""
    if layer_of(path) not in ("index", "encode", "retrieve"):
        return
    for node in ast.walk(tree_of(path)):
        if not isinstance(node, ast.Call):
            continue
        name = called_name(node)
        place = f"{path}:{node.lineno}: {name}"
        if name == "open" or name.endswith(".open"):
            assert not set(open_mode(node)) & set("wax+"), f"{place} opens a file for writing"
        module, _, function = name.replace("numpy.", "np.").partition(".")
        assert function not in WRITING_CALLS.get(module, ()), f"{place} writes outside durable.py"
        is_method = isinstance(node.func, ast.Attribute) and not name.startswith("durable.")
        assert not (is_method and name.split(".")[-1] in WRITING_METHODS), f"{place} writes outside durable.py"
