"""The house rules that a reader of one file cannot see broken: who may import whom, who may speak, what import does."""

import ast
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import sparseq

ROOT = Path(sparseq.__file__).parent

BELOW_CLI = {"jobs", "realtime", "music", "views", "domains", "engine", "kernel", "errors"}
# layer -> the layers it may import beside itself; "" is the package itself (its version)
MAY_IMPORT = {
    "": set(),
    "cli": BELOW_CLI | {""},
    "jobs": BELOW_CLI - {"jobs"},
    "realtime": {"errors"},
    "music": {"errors"},
    "views": {"music", "errors"},
    "domains": {"engine", "kernel", "errors"},
    "engine": {"kernel", "errors"},
    "kernel": {"errors"},
    "errors": set(),
}
OPEN_DEVICES = {"realtime/rtmidi_ports.py"}
IMPORT_COMPILED = {"kernel/__init__.py", "kernel/vector.py", "kernel/vector_native.py"}
IMPORT_BY_NAME = {*IMPORT_COMPILED, "cli/main.py"}  # the last for its table of commands
OWN_PROCESS = {"realtime/sender.py"}  # its main is a process of its own, speaking over pipes
HEAVY = {"mido", "rich", "rtmidi", "symusic", "jack"}  # costly to import: only inside the functions that need them

# Calls that only build constants or declare things, by the last part of the name called. CapWords names are classes.
DECLARES = {"dataclass", "field", "namedtuple", "total_ordering", "unique", "contextmanager", "overload", "cache"}
BUILTINS = {
    *(
        "abs",
        "bool",
        "bytes",
        "chr",
        "dict",
        "enumerate",
        "float",
        "frozenset",
        "getattr",
        "hasattr",
        "int",
        "isinstance",
    ),
    *("len", "max", "min", "ord", "range", "reversed", "set", "sorted", "str", "sum", "tuple", "zip"),
}
METHODS = {"fromhex", "fromkeys", "index", "items", "join", "keys", "maketrans", "replace", "split", "values"}
ARRAYS = {
    "arange",
    "array",
    "dtype",
    "exp",
    "finfo",
    "float32",
    "float64",
    "iinfo",
    "int32",
    "int64",
    "uint8",
    "uint32",
}
BUILDS = BUILTINS | METHODS | ARRAYS | {"compile", "uint64"}
CHOICES = {"kernel/__init__.py": {"_chosen"}}  # which kernel: has to be known when its functions are named
DECLARES_COMMANDS = {"argument", "command", "group", "option", "pass_context", "Choice"}


class Module(NamedTuple):
    path: str  # below src/sparseq, with slashes
    tree: ast.Module

    @property
    def layer(self) -> str:
        first = self.path.split("/")[0].removesuffix(".py")
        return "" if first == "__init__" else first

    @property
    def package(self) -> list[str]:
        return ["sparseq", *self.path.split("/")[:-1]]


def parsed(path: str, source: str) -> Module:
    return Module(path, ast.parse(source))


MODULES = [
    parsed(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8"))
    for file in sorted(ROOT.rglob("*.py"))
    if file.parent != ROOT / "loops"  # data only, which stands here when installed
]


def imported_names(module: Module, nodes: Iterator[ast.AST]) -> Iterator[str]:
    """Yield the full dotted name of everything imported; for `from a import b` that is a.b."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = module.package[: len(module.package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{stem}.{alias.name}" for alias in node.names)


def layer_of(name: str) -> str | None:
    parts = name.split(".")
    if parts[0] != "sparseq":
        return None
    return parts[1] if len(parts) > 1 and parts[1] in MAY_IMPORT else ""


def wrong_imports(module: Module) -> list[str]:
    allowed = MAY_IMPORT[module.layer] | {module.layer}
    names = imported_names(module, ast.walk(module.tree))
    return [name for name in names if layer_of(name) is not None and layer_of(name) not in allowed]


def compiled_imports(module: Module) -> list[str]:
    names = imported_names(module, ast.walk(module.tree))
    return [name for name in names if name.startswith("sparseq.kernel._") and not name.startswith("sparseq.kernel.__")]


def imports_by_name(module: Module) -> list[str]:
    calls = [called_name(node) for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
    return [call for call in calls if call.split(".")[-1] in {"import_module", "__import__", "exec", "eval"}]


def device_imports(module: Module) -> list[str]:
    return [name for name in imported_names(module, ast.walk(module.tree)) if name.split(".")[0] == "rtmidi"]


def called_name(call: ast.Call) -> str:
    return ast.unparse(call.func)


def speech(module: Module) -> list[str]:
    """Return whatever prints, or ends the process."""
    speaking = {"print", "sys.exit", "exit", "quit", "os._exit", "click.echo"}
    calls = [called_name(node) for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
    names = [ast.unparse(node) for node in ast.walk(module.tree) if isinstance(node, ast.Attribute | ast.Name)]
    spoken = {"SystemExit", *(f"sys.{stream}.{how}" for stream in ("stdout", "stderr") for how in ("write", "buffer"))}
    return [call for call in calls if call in speaking] + [name for name in names if name in spoken]


def run_on_import(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes below `node` that run when the module is imported: not the bodies of functions."""
    if isinstance(node, ast.If) and ast.unparse(node.test) in {"__name__ == '__main__'", "TYPE_CHECKING"}:
        return
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        children = [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
    elif isinstance(node, ast.Lambda):
        children = []
    else:
        children = list(ast.iter_child_nodes(node))
    for child in children:
        yield child
        yield from run_on_import(child)


def work_on_import(module: Module) -> list[str]:
    """Return the calls made on import that do more than declare things and build constants."""
    found = []
    harmless = (
        DECLARES | BUILDS | (DECLARES_COMMANDS if module.layer == "cli" else set()) | CHOICES.get(module.path, set())
    )
    for node in run_on_import(module.tree):
        if not isinstance(node, ast.Call):
            continue
        last = called_name(node).split(".")[-1].split("(")[0]
        is_class = last.lstrip("_")[:1].isupper()
        is_shared_option = module.layer == "cli" and last.endswith(("_option", "_options"))
        if last not in harmless and not is_class and not is_shared_option:
            found.append(called_name(node))
    return found


def heavy_on_import(module: Module) -> list[str]:
    names = imported_names(module, run_on_import(module.tree))
    return [name for name in names if name.split(".")[0] in HEAVY]


@pytest.fixture(params=MODULES, ids=lambda module: module.path)
def module(request: pytest.FixtureRequest) -> Module:
    return request.param


def test_every_layer_is_known() -> None:
    assert {module.layer for module in MODULES} <= set(MAY_IMPORT)


def test_imports_run_one_way(module: Module) -> None:
    assert wrong_imports(module) == []


def test_only_the_kernel_doors_import_compiled_modules(module: Module) -> None:
    assert module.path in IMPORT_COMPILED or compiled_imports(module) == []


def test_imports_can_be_read_in_the_source(module: Module) -> None:
    assert module.path in IMPORT_BY_NAME or imports_by_name(module) == []


def test_only_the_ports_of_rtmidi_import_it(module: Module) -> None:
    assert module.path in OPEN_DEVICES or device_imports(module) == []


def test_only_the_cli_prints_or_exits(module: Module) -> None:
    assert module.layer == "cli" or module.path in OWN_PROCESS or speech(module) == []


def test_nothing_happens_on_import(module: Module) -> None:
    assert work_on_import(module) == []


def test_heavy_packages_are_imported_where_they_are_needed(module: Module) -> None:
    assert heavy_on_import(module) == []


def test_there_is_no_global_statement(module: Module) -> None:
    assert not [node for node in ast.walk(module.tree) if isinstance(node, ast.Global)]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("music/x.py", "from sparseq.engine import grid"),
        ("music/x.py", "from sparseq import engine"),
        ("music/x.py", "from ..engine import grid"),
        ("music/x.py", "def f():\n    import sparseq.realtime.clock"),
        ("music/x.py", "from sparseq import __version__"),
        ("realtime/x.py", "from sparseq.music.units import PPQ"),
        ("engine/x.py", "import sparseq.music.units"),
        ("views/x.py", "from sparseq.engine.grid import Grid"),
        ("jobs/x.py", "from sparseq.cli.talk import say"),
        ("kernel/x.py", "from sparseq.engine import grid"),
        ("errors.py", "import sparseq.kernel"),
    ],
)
def test_an_import_against_the_way_is_found(path: str, source: str) -> None:
    assert wrong_imports(parsed(path, source)) != []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("music/x.py", "import numpy\nfrom sparseq.errors import InputError\nfrom .units import PPQ"),
        ("cli/x.py", "from sparseq import __version__\nfrom sparseq.kernel import load"),
        ("jobs/x.py", "from sparseq.music.smf import parse\nfrom sparseq.realtime.clock import Clock"),
    ],
)
def test_an_import_along_the_way_is_allowed(path: str, source: str) -> None:
    assert wrong_imports(parsed(path, source)) == []


@pytest.mark.parametrize("source", ["from sparseq.kernel import _slots", "import sparseq.kernel._slots"])
def test_a_compiled_import_is_found(source: str) -> None:
    assert compiled_imports(parsed("engine/x.py", source)) != []


@pytest.mark.parametrize("source", ["importlib.import_module('rtmidi')", "def f():\n    __import__('rtmidi')"])
def test_an_import_by_name_is_found(source: str) -> None:
    assert imports_by_name(parsed("music/x.py", source)) != []


@pytest.mark.parametrize("source", ["import rtmidi", "def f():\n    from rtmidi import midiutil"])
def test_a_device_import_is_found(source: str) -> None:
    assert device_imports(parsed("music/x.py", source)) != []


@pytest.mark.parametrize("source", ["import mido", "class A:\n    from rich.console import Console"])
def test_a_heavy_import_is_found(source: str) -> None:
    assert heavy_on_import(parsed("music/x.py", source)) != []
    inside_a_function = "def f():\n" + textwrap.indent(source, "    ")
    assert heavy_on_import(parsed("music/x.py", inside_a_function)) == []


@pytest.mark.parametrize(
    "source", ["print(1)", "def f():\n    sys.exit(1)", "raise SystemExit(2)", "sys.stderr.write('x')"]
)
def test_speech_is_found(source: str) -> None:
    assert speech(parsed("music/x.py", source)) != []


@pytest.mark.parametrize(
    "source",
    ["TABLE = load()", "class A:\n    x = open('f')", "def f(x=now()): ...", "@register()\ndef f(): ...", "go()"],
)
def test_work_on_import_is_found(source: str) -> None:
    assert work_on_import(parsed("music/x.py", source)) != []


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    return load()",
        "@dataclass(frozen=True)\nclass A:\n    x: int = field(default=0)",
        "SIZES = frozenset(range(3))\nF = lambda: load()",
        "if __name__ == '__main__':\n    go()",
    ],
)
def test_declarations_and_constants_are_no_work(source: str) -> None:
    assert work_on_import(parsed("music/x.py", source)) == []


def test_starting_the_command_line_imports_nothing_heavy() -> None:
    heavy = HEAVY | {"numpy"}
    script = f"import sys, sparseq.cli.main; print(*sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")
