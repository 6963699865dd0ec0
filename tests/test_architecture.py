"""The shape of the package, from its source alone."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "reverie"
FLOORS = {
    "arrays": 0, "errors": 0, "expression": 0, "extras": 0, "memory": 0, "paths": 0, "photo": 0, "profiles": 0,
    "files": 0, "image": 0, "likeness": 0, "randomness": 0, "record": 0, "unit": 0, "plugins": 0, "settings": 0.5,
    "models": 1, "figures": 1,
    "objectives": 2, "parameterizations": 2, "transforms": 2, "constraints": 2, "runs": 2,
    "synthesis": 3, "attribution": 3, "dataset": 3,
    "recipes": 4, "truth": 4, "atlas": 5, "imagemap": 5, "video": 5,
    "cluster": 6, "notebook": 6, "studio": 6, "cli": 6.5, "__init__": 7, "__main__": 7,
}  # fmt: skip
LONGEST = 40  # lines of a function
MOST = 8  # arguments of a function, beside the object it is of
LARGE = 285  # lines of a module
LARGER = {  # modules that may be larger, each with its own bound
    "reverie.settings.shorthand": 400,  # written by a script
}


def module_name(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(path): path for path in sorted(SOURCE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in FILES.items()}


def room(name: str) -> str:
    return ([*name.split("."), "__init__"])[1]


def for_types_only(tree: ast.Module) -> set[ast.AST]:
    """All nodes under `if TYPE_CHECKING`."""
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)]
    return {inner for block in blocks for inner in ast.walk(block)}


def imported(name: str, nodes) -> set[str]:
    """Modules of the package that these import statements name, the most exact ones."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    exact = set()
    for item in found:
        while item and item not in FILES:
            item = item.rpartition(".")[0]
        exact.add(item)
    return exact - {"", name}


def all_imports(name: str) -> set[str]:
    """Also those inside functions."""
    hidden = for_types_only(TREES[name])
    return imported(name, [node for node in ast.walk(TREES[name]) if node not in hidden])


def test_every_text_file_is_read_and_written_as_utf_8():
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                text = node.func.attr in ("read_text", "write_text")
                said = any(word.arg == "encoding" for word in node.keywords)
                assert said or not text, f"{name} line {node.lineno}: say encoding="


def test_every_room_has_a_floor():
    assert {room(name) for name in FILES} <= set(FLOORS)


@pytest.mark.parametrize("name", FILES)
def test_a_file_imports_from_lower_floors_and_its_own_folder_only(name):
    if name == "reverie":
        return
    for other in all_imports(name):
        lower = FLOORS[room(other)] < FLOORS[room(name)]
        one_folder = FILES[other].parent == FILES[name].parent and FLOORS[room(other)] == FLOORS[room(name)]
        assert lower or one_folder or room(other) == room(name), f"{name} imports {other}"


def test_there_are_no_import_cycles():
    """None at run time, and none that only a type checker sees; the package itself lists its public names."""
    graph = {name: imported(name, ast.walk(tree)) - {"reverie"} for name, tree in TREES.items() if name != "reverie"}
    done: set[str] = set()
    while len(done) < len(graph):
        free = {name for name, others in graph.items() if name not in done and others <= done}
        assert free, {name: others - done for name, others in graph.items() if name not in done}
        done |= free


def functions():
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{name}:{node.lineno} {node.name}", name, node


def test_every_function_is_annotated():
    bare = []
    for place, _, node in functions():
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        missing = [item.arg for item in arguments if item and not item.annotation and item.arg not in ("self", "cls")]
        if missing or node.returns is None:
            bare.append(place)
    assert not bare


def code_lines(path: Path, node) -> int:
    lines = path.read_text().splitlines()
    doc = node.body[0] if ast.get_docstring(node) is not None else None
    skipped = range(doc.lineno, doc.end_lineno + 1) if doc else ()
    return sum(
        1
        for number in range(node.lineno, node.end_lineno + 1)
        if number not in skipped and lines[number - 1].strip() and not lines[number - 1].strip().startswith("#")
    )


def test_no_module_is_too_long():
    lengths = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in FILES.items()}
    assert not {name: lines for name, lines in lengths.items() if lines > LARGER.get(name, LARGE)}
    assert not {name for name in LARGER if lengths[name] <= LARGE}, "no exceptions any more"


def test_no_function_is_too_long():
    assert not [place for place, name, node in functions() if code_lines(FILES[name], node) > LONGEST]


def test_no_function_takes_too_much():
    assert not [place for place, _, node in functions() if taken(node) > MOST]


def taken(node) -> int:
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return sum(argument.arg not in ("self", "cls") for argument in arguments)


def test_no_public_name_stands_twice_on_a_floor():
    homes: dict[tuple[float, str], list[str]] = {}
    for name, tree in TREES.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
                homes.setdefault((FLOORS[room(name)], node.name), []).append(name)
    assert not {word: files for (_, word), files in homes.items() if len(files) > 1}


def test_no_module_name_stands_twice():
    """Neither in another room nor in the plural: `run` and `runs`."""
    homes: dict[str, list[str]] = {}
    for name, path in FILES.items():
        if path.stem not in ("__init__", "__main__"):
            homes.setdefault(path.stem.removesuffix("s"), []).append(name)
    assert not [names for names in homes.values() if len(names) > 1]


def test_nothing_prints():
    for name, tree in TREES.items():
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
        assert not [node.lineno for node in calls if node.func.id in ("print", "breakpoint", "exec", "eval")], name


def test_nothing_unpickles():
    for name, tree in TREES.items():
        assert not {"pickle", "cPickle", "dill", "joblib"} & {
            alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in (
                "torch.load",
                "torch.hub.load_state_dict_from_url",
            ):
                assert any(key.arg == "weights_only" and ast.unparse(key.value) == "True" for key in node.keywords), (
                    name
                )


def test_every_module_and_public_definition_says_what_it_is():
    silent = [name for name, tree in TREES.items() if not ast.get_docstring(tree)]
    for name, tree in TREES.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
                silent += [] if ast.get_docstring(node) else [f"{name}.{node.name}"]
    assert not silent


def test_docstrings_have_a_subject():
    """None begins as if its name stood before it: 'Of a frame', 'As the inner one'."""
    kinds = ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef
    said = {
        f"{name}.{node.name}": ast.get_docstring(node) or ""
        for name, tree in TREES.items() for node in ast.walk(tree) if isinstance(node, kinds)
    }  # fmt: skip
    assert not [place for place, text in said.items() if text.split(" ")[0] in ("Of", "As", "By", "From", "In", "With")]


def test_docstrings_are_at_most_18_percent_of_the_lines():
    lines = docs = 0
    for path in FILES.values():
        text = path.read_text(encoding="utf-8")
        lines += len(text.splitlines())
        for node in ast.walk(ast.parse(text)):
            kinds = ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef
            if isinstance(node, kinds) and ast.get_docstring(node) is not None:
                docs += node.body[0].end_lineno - node.body[0].lineno + 1
    assert docs <= 0.18 * lines, f"{docs / lines:.1%}"


def test_no_room_of_leftovers():
    words = {"utils", "misc", "helper", "helpers", "manager", "common"}
    assert not {name for name in FILES if words & set(name.split("."))}
    classes = [node.name for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    assert not [name for name in classes if name.startswith("Base") or name.endswith(("Manager", "Helper"))]


def test_importing_every_module_does_nothing(tmp_path):
    """No file, no warning filter, no choice of device, of threads or of a random state."""
    modules = [name for name in FILES if name != "reverie.__main__"]
    code = f"""
import sys, warnings, pathlib, torch, numpy, random, PIL.Image, os
def world():
    return (
        list(warnings.filters), torch.get_num_threads(), torch.random.initial_seed(),
        torch.random.get_rng_state().sum().item(), torch.get_default_dtype(), torch.is_grad_enabled(),
        torch.cuda.is_initialized(), numpy.random.get_state()[1].sum(), PIL.Image.MAX_IMAGE_PIXELS,
        random.getstate()[1][:3], sorted(os.environ), sorted(map(str, pathlib.Path('.').rglob('*'))),
    )
import typer, rich.console, rich.progress, rich.table, safetensors.torch, importlib.metadata
before = world()
import importlib
for name in {modules!r}:
    importlib.import_module(name)
after = world()
assert before == after, [(a, b) for a, b in zip(before, after) if a != b]
assert 'torchvision' not in sys.modules
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout + ran.stderr == ""


def test_scripts_beside_the_package_import_what_there_is():
    """Benchmarks and training are run by hand: their peers are not all here, but what they take of reverie must be."""
    scripts = [*(SOURCE.parents[1] / "benchmarks").glob("*.py"), *(SOURCE.parents[1] / "training").glob("*.py")]
    wanted = {
        (script.name, node.module, alias.name)
        for script in scripts for node in ast.walk(ast.parse(script.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "reverie"
        for alias in node.names
    }  # fmt: skip
    assert wanted
    lacking = [
        item
        for item in sorted(wanted)
        if not hasattr(importlib.import_module(item[1]), item[2]) and not importlib.util.find_spec(".".join(item[1:]))
    ]
    assert not lacking
