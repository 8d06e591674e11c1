"""Imports flow one way, index <- rag <- evals <- ui, without cycles, and the command line starts light."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("index", "rag", "evals", "ui")  # each may import itself and those before it
HEAVY = {
    "faiss", "fastapi", "gradio", "pandas", "prometheus_client", "rich", "sentence_transformers", "starlette",
    "tokenizers", "torch", "transformers", "uvicorn",
}  # fmt: skip


def modules() -> dict[str, Path]:
    """Every module of the project by its dotted name."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def imported(tree: ast.AST, *, with_types: bool) -> Iterator[str]:
    """The dotted names that a module imports, at its top or in a function; those for types only where asked."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "relative import"
            base = node.module or ""
            yield from (whole if (whole := f"{base}.{alias.name}") in MODULES else base for alias in node.names)
        elif with_types or not for_types_only(node):
            yield from imported(node, with_types=with_types)


@pytest.mark.parametrize("name", MODULES)
def test_imports_flow_one_way(name: str) -> None:
    package = name.split(".")[0]
    above = set(PACKAGES[PACKAGES.index(package) + 1 :]) | {"tests"}
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    wrong = [other for other in imported(tree, with_types=True) if other.split(".")[0] in above]
    assert not wrong, f"{name} imports {wrong}"


def test_there_are_no_cycles() -> None:
    graph = {
        name: {
            other
            for other in imported(ast.parse(path.read_text(encoding="utf-8")), with_types=False)
            if other in MODULES and other != name
        }
        for name, path in MODULES.items()
    }
    TopologicalSorter(graph).prepare()


def test_seeds_are_data_only() -> None:
    assert not list((ROOT / "seeds").rglob("*.py"))


def test_the_command_line_starts_without_heavy_packages() -> None:
    code = "import sys, ui.cli.app; print(*{name.split('.')[0] for name in sys.modules})"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not HEAVY & set(found.stdout.split())
