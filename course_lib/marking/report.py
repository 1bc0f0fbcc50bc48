"""What a teacher reads: a table on the screen, and two files for other programs."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from course_lib.marking.mark import Result
from course_lib.marking.roster import Student
from course_lib.marking.verdict import SIGNS, Verdict


def table(results: list[Result], students: Sequence[Student] = ()) -> str:
    """One line for a submission, with its student, and under it one for everything that is missing or wrong."""
    whose = {student.number: str(student) for student in students}
    columns = [[result.name for result in results], [whose.get(result.student, "") for result in results]]
    widths = [max(map(len, column)) for column in columns]
    labels = [f"{name:{widths[0]}}  {student:{widths[1]}}".rstrip() for name, student in zip(*columns, strict=True)]
    width = max(map(len, labels))
    lines = []
    for label, result in zip(labels, results, strict=True):
        count = result.problem or f"{result.lab}  {result.n_right} of {len(result.verdicts)}"
        lines.append(f"{SIGNS[result.state]} {label:{width}}  {count}")
        for verdict in result.verdicts:
            if not verdict.passed:
                hint = f" Hint: {verdict.hint}" if verdict.hint else ""
                lines.append(f"    {verdict.headline}.{hint}")
    n_passed = sum(result.passed for result in results)
    return "\n".join([*lines, f"{n_passed} of {len(results)} submissions are complete and right"])


def write_reports(results: list[Result], folder: Path) -> None:
    """marks.json and junit.xml; both are written after every submission has ended, over whatever lies there."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = json.dumps([result.as_dict() for result in results], indent=1, ensure_ascii=False)
    # Half a surrogate, which no file can hold, becomes the \\ud800 that JSON has for it.
    (folder / "marks.json").write_text(plain + "\n", encoding="utf-8", errors="backslashreplace")
    suites = ElementTree.Element("testsuites")
    for result in results:
        suite = ElementTree.SubElement(suites, "testsuite", name=clean(result.name))
        verdicts = result.verdicts or [Verdict("notebook", "wrong", result.problem)]
        for verdict in verdicts:
            one = ElementTree.SubElement(suite, "testcase", classname=result.lab, name=verdict.exercise)
            if not verdict.passed:
                ElementTree.SubElement(one, "failure", message=clean(verdict.said)).text = clean(repr(verdict))
        n_failed = sum(not verdict.passed for verdict in verdicts)
        suite.attrib.update(tests=str(len(verdicts)), failures=str(n_failed))
    ElementTree.ElementTree(suites).write(folder / "junit.xml", encoding="utf-8", xml_declaration=True)


def clean(text: str) -> str:
    """Without the characters that XML forbids; a student's exception may hold any."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "�", text)
