"""The build of the house: no cycle of imports, small functions, few files side by side."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter

import pytest
from test_imports import MODULES, imported

MOST_COMPLEX = 15
MOST_FLAT = 12  # files of a package that lie beside its folders
BRANCHES = (ast.If, ast.For, ast.While, ast.AsyncFor, ast.ExceptHandler, ast.IfExp, ast.comprehension, ast.match_case)
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}


def complexity(function: ast.AST) -> int:
    """One, and one for each branch, loop, handler, comprehension with its conditions, case, and further operand of
    `and` and `or`, in the function and all in it. (C901 of ruff counts no operands and no comprehensions.)"""
    count = 1
    for node in ast.walk(function):
        count += isinstance(node, BRANCHES)
        count += len(node.ifs) if isinstance(node, ast.comprehension) else 0
        count += len(node.values) - 1 if isinstance(node, ast.BoolOp) else 0
    return count


def functions(node: ast.AST, name: str) -> Iterator[tuple[str, ast.AST]]:
    """Every function with its dotted name."""
    for child in ast.iter_child_nodes(node):
        named = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        inner = f"{name}.{child.name}" if named else name
        if named and not isinstance(child, ast.ClassDef):
            yield inner, child
        yield from functions(child, inner)


def test_complexity_counts_branches_and_operands() -> None:
    code = "def f(a, b):\n if a and b or not a:\n  return [x for x in a if x]\n return 1 if b else 2"
    assert complexity(ast.parse(code).body[0]) == 7


def test_functions_are_simple() -> None:
    found = {name: complexity(node) for module, tree in TREES.items() for name, node in functions(tree, module)}
    above = {name: count for name, count in found.items() if count > MOST_COMPLEX}
    assert not above, "split these into functions with telling names"


def test_there_are_no_cycles_of_imports_for_types_included() -> None:
    graph = {
        name: {other for other in imported(tree, with_types=True) if other in MODULES and other != name}
        for name, tree in TREES.items()
    }
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("package", ["index", "rag"])
def test_few_files_lie_side_by_side(package: str) -> None:
    flat = [name for name, path in MODULES.items() if path.parent.name == package and path.name != "__init__.py"]
    flat = [name for name in flat if name.count(".") == 1 and name.startswith(f"{package}.")]
    assert len(flat) <= MOST_FLAT, "put them into folders"
