"""Numbers in prose that nothing on the page vouches for."""

import ast
import html
import re
from collections.abc import Collection

from nbformat import NotebookNode

from course_lib.book.pages import Page, tags
from course_lib.book.results import READS
from course_lib.common.notebooks import without_magics

NUMERAL = re.compile(r"(?<![\w.,$])[-−]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?(?:\s?(?:%|per cent|percent))?")
NUMBER = re.compile(r"(?<![\w.])-?(?:\d[\d,_]*\.?\d*|\.\d+)(?:e[-+]?\d+)?", re.IGNORECASE)
WORD = re.compile(r"\w+")
NOT_PROSE = re.compile(
    r"```.*?```|`[^`\n]*`"  # code
    r"|\$\$.*?\$\$|\$[^$\n]+\$"  # mathematics
    r"|\]\([^)]*\)|<[^>]+>"  # link targets, HTML tags
    r"|\((?:[^()\d]*)(?:1[89]|20)\d\d[a-z]?\)|\b(?:in|since|of) (?:1[89]|20)\d\d\b"  # years
    r"|\b(?:[Ss]ections?|[Cc]hapters?|[Ll]abs?|[Ll]ectures?|[Ee]quations?|[Pp]ages?|[Qq]uestions?) \d+(?:\.\d+)*"
    r"|^\s*\d+\. ",  # numbered lists
    re.DOTALL | re.MULTILINE,
)

TOP_LINE = re.compile(r"\A(\s*# [^\n]+\n+)[^\n]+")  # how long the page takes


def unsupported(page: Page, executed: NotebookNode, full: Collection[float] = ()) -> list[str]:
    """Numerals in the page's prose that no output shows, no claim asserts and no parameter sets.

    An integer may also stand in any code cell (a shape, a seed, a width: chosen, not measured).
    Single digits, years and section numbers pass; facts from outside stand in the header under `course: facts:`.

    full: the numbers in the file of the page's full results. The page prints them, and no sentence may repeat one: the
    next full run gives others. So they vouch for nothing where a cell prints them.
    """
    shown, written = set(), set()
    readers = names_of_results(executed)
    for cell in executed.cells:
        if cell.cell_type != "code":
            continue
        printed = numbers(output_text(cell))
        if full and readers.intersection(WORD.findall(cell.source)):
            printed = {number for number in printed if not is_rounded(number, full)}
        shown |= printed
        (shown if {"claim", "parameters"}.intersection(tags(cell)) else written).update(numbers(cell.source))
    integers = {value for value in written if value == int(value)}
    facts = {str(fact) for fact in page.course.get("facts", [])}
    missing = []
    for cell in page.notebook.cells:
        if cell.cell_type == "markdown":
            for found in NUMERAL.findall(NOT_PROSE.sub(" ", TOP_LINE.sub(r"\1", cell.source))):
                numeral = found.strip().rstrip(",")
                if numeral not in facts and not supported(numeral, shown, integers):
                    missing.append(numeral)
    return missing


def names_of_results(notebook: NotebookNode) -> set[str]:
    """`full_results` itself, and what the notebook's cells assign from it."""
    names = {READS}
    for cell in notebook.cells:
        if cell.cell_type == "code" and READS in cell.source:
            for node in ast.walk(ast.parse(without_magics(cell.source))):
                if isinstance(node, ast.Assign) and READS in ast.unparse(node.value):
                    names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def is_rounded(number: float, exact: Collection[float]) -> bool:
    """The number is one of the others, or its share in per cent, with fewer decimals."""
    decimals = len(f"{number:.6f}".rstrip("0").partition(".")[2])
    return any(abs(number - scale * value) <= 0.5 * 10.0**-decimals + 1e-9 for value in exact for scale in (1, 100))


def supported(numeral: str, shown: set[float], integers: set[float]) -> bool:
    digits = re.sub(r"[^\d.e+-]", "", numeral.replace("−", "-").split("%")[0].split("p")[0])
    value, decimals = float(digits), len(digits.partition(".")[2].partition("e")[0])
    percent = not re.fullmatch(r"[-−\d,.e+]+", numeral)
    if not percent and decimals == 0 and "e" not in digits and (abs(value) < 10 or value in integers):
        return True
    scaled = (shown | {100 * number for number in shown}) if percent else shown
    if "e" in digits:
        return any(abs(number - value) <= 0.06 * abs(value) for number in scaled)
    # A minus sign may be said in words. And prose may miss the shown number by one in its last digit: trained
    # networks differ a little between processors, and a page must not fail on another one for that.
    slack = 0.0 if decimals == 0 and not percent else 10.0**-decimals
    return any(abs(round(abs(number), decimals) - abs(value)) < slack + 10.0 ** -(decimals + 3) for number in scaled)


def numbers(text: str) -> set[float]:
    found = set()
    for token in NUMBER.findall(text):
        try:
            found.add(float(token.replace(",", "").replace("_", "")))
        except ValueError:
            continue
    return found


def output_text(cell: NotebookNode) -> str:
    """All text a cell shows: printed, returned, or in a table."""
    parts = []
    for output in cell.outputs:
        if output.output_type == "stream":
            parts.append(output.text)
        for kind, data in output.get("data", {}).items():
            if kind == "text/plain":
                parts.append(data)
            elif kind == "text/html":
                parts.append(html.unescape(re.sub(r"<(style|script).*?</\1>|<[^>]+>", " ", data, flags=re.DOTALL)))
    return "\n".join(parts)
