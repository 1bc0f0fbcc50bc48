"""What the text of a module, or of a page's cells, says without being run: what it imports, uses and opens."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

Path = tuple[str, ...]  # ("course_lib", "data", "load_mnist"): a module, perhaps with names in it

MENTIONED = re.compile(r"course_lib(?:\.\w+)+")  # in a string: a module for a process to come, perhaps
# Decorators that only wrap what stands below them. Any other may note it down somewhere, as a registry does.
WRAPPERS = {
    "abstractmethod", "cache", "cached_property", "classmethod", "contextmanager", "dataclass", "inference_mode",
    "lru_cache", "no_grad", "overload", "override", "property", "setter", "singledispatch", "staticmethod",
    "total_ordering", "wraps",
}  # fmt: skip
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True)
class Source:
    """One text, read.

    used: what it may use of other modules; a path that ends with a module means all of that module
    at_once, later: what it imports when it is imported itself, and what only when a function is called
    exports: of a façade, the names that it passes on and what they stand for; None for any other text
    quiet: importing it changes nothing outside of itself
    data_files: the paths, or patterns of paths, in its constant DATA_FILES
    """

    used: frozenset[Path]
    at_once: frozenset[Path]
    later: frozenset[Path]
    exports: dict[str, Path] | None
    quiet: bool
    data_files: tuple[str, ...]


def read_source(body: list[ast.stmt], unread: str = "") -> Source:
    """body: the statements of a module, or of all cells of a page.

    unread: text that is not Python and may use names all the same, such as the lines of magics.
    """
    imports = {"at_once": set(), "later": set()}
    bound: dict[str, set[Path]] = defaultdict(set)  # by `from a import b` and `import a.b as b`
    roots: dict[str, set[Path]] = defaultdict(set)  # by `import a.b`, which binds a: it may serve what it loads only
    used: set[Path] = set()
    for when, node in import_statements(body):
        for alias in node.names:
            path = tuple(alias.name.split("."))
            if isinstance(node, ast.Import):
                (bound[alias.asname] if alias.asname else roots[path[0]]).add(path)
            elif alias.name == "*":
                used.add(path := tuple((node.module or "").split(".")))
            else:
                path = (*(node.module or "").split("."), alias.name)
                bound[alias.asname or alias.name].add(path)
            imports[when].add(path)

    chains = attribute_chains(body, {*bound, *roots})
    for name in {*bound, *roots}:
        if re.search(rf"\b{name}\b", unread):
            chains[name].add(())
    for name, paths in bound.items():  # a name that is never used may be taken from here by another module
        used |= {path + chain for path in paths for chain in chains.get(name) or {()}}
    for name, paths in roots.items():
        for chain in chains.get(name, ()):
            used |= {(name, *chain)} if chain else paths
    used |= {tuple(text.split(".")) for text in mentioned_modules(body)}

    facade = all(passes_on(statement) for statement in body)
    exports = {name: min(paths) for name, paths in bound.items()} if facade else None
    return Source(
        frozenset(used), frozenset(imports["at_once"]), frozenset(imports["later"]), exports,
        all(map(is_quiet, body)), data_files(body),
    )  # fmt: skip


def import_statements(
    body: Iterable[ast.AST], when: str = "at_once"
) -> Iterator[tuple[str, ast.Import | ast.ImportFrom]]:
    """Every import that can run, with "at_once" or, inside a function, "later"."""
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield when, node
        elif isinstance(node, ast.If) and for_type_checkers(node):
            yield from import_statements(node.orelse, when)
        else:
            yield from import_statements(ast.iter_child_nodes(node), "later" if isinstance(node, FUNCTIONS) else when)


def for_type_checkers(node: ast.If) -> bool:
    return ast.unparse(node.test).rpartition(".")[-1] == "TYPE_CHECKING"


def attribute_chains(body: list[ast.stmt], names: set[str]) -> dict[str, set[Path]]:
    """For each name, what is read through it: {"data": {("load_mnist",)}}; () where the name stands alone.

    Whatever is bound to the name in some other place counts, too: that may be too much, and never too little.
    """
    found: dict[str, set[Path]] = defaultdict(set)
    waiting: list[ast.AST] = list(body)
    while waiting:
        node, chain = waiting.pop(), ()
        while isinstance(node, ast.Attribute):
            node, chain = node.value, (node.attr, *chain)
        if isinstance(node, ast.Name):
            if node.id in names and not (isinstance(node.ctx, ast.Store) and not chain):
                found[node.id].add(chain)
        else:
            waiting += ast.iter_child_nodes(node)
    return found


def mentioned_modules(body: list[ast.stmt]) -> Iterator[str]:
    """Modules of the library that are named in a string: in a command for another process, most likely.

    Not in a docstring, and not in `files("course_lib.data")`, which opens a folder and imports nothing.
    """
    silent = set()
    for node in (each for statement in body for each in ast.walk(statement)):
        if isinstance(node, ast.Expr):
            silent.add(node.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "files":
            silent |= set(node.args)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in silent:
            yield from MENTIONED.findall(node.value)


def passes_on(statement: ast.stmt) -> bool:
    """May stand in a façade: a docstring, an import of names, `__all__`."""
    match statement:
        case ast.Expr(value=ast.Constant()) | ast.Import():
            return True
        case ast.ImportFrom(names=names):
            return all(alias.name != "*" for alias in names)
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
    return False


def is_quiet(statement: ast.stmt) -> bool:
    """Changes nothing outside of its module when it runs: an import, a definition, a name that gets a value.

    A call on the right of `name = …` is taken for one that only computes the value.
    """
    match statement:
        case ast.Import() | ast.ImportFrom() | ast.Pass() | ast.Assert() | ast.Expr(value=ast.Constant()):
            return True
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return all(map(only_wraps, statement.decorator_list))
        case ast.ClassDef():
            return all(map(only_wraps, statement.decorator_list)) and all(map(is_quiet, statement.body))
        case ast.Assign():
            return all(map(is_name, statement.targets))
        case ast.AnnAssign() | ast.AugAssign():
            return is_name(statement.target)
        case ast.If():
            skipped = for_type_checkers(statement) or ast.unparse(statement.test) == "__name__ == '__main__'"
            return all(map(is_quiet, [*([] if skipped else statement.body), *statement.orelse]))
        case ast.Try():
            handled = [each for handler in statement.handlers for each in handler.body]
            return all(map(is_quiet, [*statement.body, *handled, *statement.orelse, *statement.finalbody]))
    return False


def only_wraps(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return ast.unparse(called).rpartition(".")[-1] in WRAPPERS


def is_name(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) or (isinstance(target, ast.Tuple) and all(map(is_name, target.elts)))


def data_files(body: list[ast.stmt]) -> tuple[str, ...]:
    """What the module says in DATA_FILES, a tuple of strings; ValueError where it is anything else."""
    for statement in body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "DATA_FILES":
            try:
                value = ast.literal_eval(statement.value)
            except ValueError:
                value = None
            if not isinstance(value, tuple) or not all(isinstance(path, str) for path in value):
                raise ValueError("DATA_FILES is a tuple of strings, written out")
            return value
    return ()
