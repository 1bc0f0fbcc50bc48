"""Whose submission is whose: a class list, against the numbers in notebooks and in their paths.

A notebook says whose it is with `student_number = 1234567`, from which some assignments draw their data. Where its path
holds a number, or something else that the roster names, the path counts: a learning platform writes it there.

Whole names and whole numbers count, and no part of one. What a path holds for other reasons says nothing: the number of
the lab, that of a copy, a date. Where two students are possible, the teacher is asked.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache, lru_cache

from course_lib.marking.collect import Submission
from course_lib.marking.mark import Result
from course_lib.marking.numbers import PIECE, as_number, folded, pieces
from course_lib.marking.roster import Student

WORD = re.compile(r"[^\W_]+")
LETTER = re.compile(r"[^\W\d_]")
PATH = re.compile(r"[/\\:]|\.ipynb$|\.zip$", re.IGNORECASE)
SIGN = r"(?:[^\w()]|_)"  # between the pieces of a number; brackets are those of a copy
SUFFIX = re.compile(r"(?:\.ipynb|\.zip)+$")
DATE = re.compile(r"(?<!\d)(?:(?:19|20)\d\d[-_. ]\d\d?[-_. ]\d\d?|\d\d?[-_. ]\d\d?[-_. ](?:19|20)\d\d)(?!\d)")
COPY = re.compile(r"[ _-]*\(\d\d?\)$|[ _-]+(?:copy|kopie|копія|копия)?[ _-]?\d?\d?$")
FEWEST = 3  # letters and digits of a number that counts wherever it stands; fewer are too often something else

Spots = list[tuple[int, int]]  # where something stands in a text: start, end


def settle(students: list[Student], found: list[Submission], results: list[Result]) -> list[str]:
    """Write into each result whose it is. Return a line for everything that a teacher has to look at."""
    by_number = {pieces(student.number): student for student in students}
    handed_in = defaultdict(list)  # (lab, student) -> names of submissions
    lines = []
    for submission, result in zip(found, results, strict=True):
        said, possible = submission.number, students_in_path(submission, result.lab, students)
        says = by_number.get(pieces(said))
        owner = possible[0] if len(possible) == 1 else says if not possible or says in possible else None
        if owner:
            result.student = owner.number
            handed_in[result.lab, owner].append(result.name)
        elif possible:
            several = " or ".join(map(str, [*possible, *([says] if says else [])]))
            lines.append(f"two students: {result.name} may be from {several}; write its name into the column file")
        if said and not says:
            lines.append(f"unknown number: {result.name} says student_number = {said}")
        elif not owner and not possible:
            lines.append(f"no number: {result.name}; find out whose it is, and write its name into the column file")
        elif owner and says and says is not owner:
            lines.append(f"two numbers: {result.name} is from {owner} and says student_number = {said}")
    for (lab, student), names in handed_in.items():
        if lab and len(names) > 1:
            lines.append(f"more than once: {lab}: {student}: {', '.join(names)}")
    for lab in sorted({result.lab for result in results} - {""}):
        # Whoever handed in something unreadable has a problem in the table, and did hand in.
        missing = [str(one) for one in students if (lab, one) not in handed_in and ("", one) not in handed_in]
        if missing:
            lines.append(f"nothing handed in: {lab}: {', '.join(missing)}")
    return lines


def students_in_path(submission: Submission, lab: str, students: Sequence[Student]) -> list[Student]:
    """Whom the path may mean: nobody, one student, or several, which is a doubt.

    A path in the column file comes before a name there, and both before a number.
    lab: the one that the notebook names, or nothing.
    """
    whole, parts = folded(submission.name), [SUFFIX.sub("", folded(part)) for part in submission.parts]
    by_path = [one for one in students if is_path(one.file) and words(one.file).search(whole)]
    of_the_lab = frozenset(map(as_number, PIECE.findall(lab)))
    return (
        by_path
        or longest(parts, students, lambda student, part: entry_in(part, student.file, of_the_lab))
        or longest(parts, students, lambda student, part: number_in(part, student.number, of_the_lab))
    )


def longest(parts: list[str], students: Sequence[Student], look: Callable[[Student, str], Spots]) -> list[Student]:
    """Those who are found in a part of the path, without whoever is found only inside of another: Ann in Ann-Marie."""
    found = [(place, *spot, one) for place, part in enumerate(parts) for one in students for spot in look(one, part)]

    def inside(place: int, start: int, end: int, one: Student) -> bool:
        longer = (b - a > end - start and a <= start and end <= b for at, a, b, _ in found if at == place)
        return any(longer)

    return list(dict.fromkeys(spot[-1] for spot in found if not inside(*spot)))


def entry_in(part: str, file: str, of_the_lab: frozenset[str]) -> Spots:
    """Where an entry of the column file stands. One without letters is a number, and a copy has one too."""
    if is_path(file) or not WORD.search(file):
        return []
    if LETTER.search(file):
        return [match.span() for match in words(file).finditer(part)]
    return spots(without_copy(part), file, of_the_lab)


def number_in(part: str, number: str, of_the_lab: frozenset[str]) -> Spots:
    """Where a number stands; a short one only if it is the whole part, and if we know that it is not the lab's."""

    def long(text: str) -> bool:
        return sum(map(len, WORD.findall(text))) >= FEWEST

    found = spots(part, number, of_the_lab)
    return [(a, b) for a, b in found if long(part[a:b]) or (of_the_lab and part[a:b] == without_copy(part))]


def spots(part: str, number: str, of_the_lab: frozenset[str]) -> Spots:
    if len(pieces(number)) > 1:
        return [match.span() for match in written(number).finditer(part)]
    found = written(number).finditer(without_dates(part))
    return [match.span() for match in found if as_number(match[0]) not in of_the_lab]


@lru_cache(maxsize=100)  # the same part is asked about every student
def without_dates(part: str) -> str:
    return DATE.sub(lambda match: "/" * len(match[0]), part)


@cache
def words(text: str) -> re.Pattern[str]:
    """These words in this order, whole, whatever signs are between them."""
    return bounded(r"[\W_]+".join(WORD.findall(folded(text))))


@cache
def written(number: str) -> re.Pattern[str]:
    """S-12345 also as s12345 or S_12345, KM-11/05 as KM-11_05, 1001 as 01001. Never a part of another number."""
    found = pieces(number)
    text = "" if len(found) > 1 else "0*"
    for before, piece in zip(("", *found), found, strict=False):
        # Two runs of digits need a sign between them; a letter and a digit do not.
        text += (SIGN if before.isdigit() == piece.isdigit() else f"{SIGN}?") * bool(before) + piece
    return bounded(text)


def bounded(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W_])(?:{text})(?![^\W_])")


@cache
def is_path(file: str) -> bool:
    """Whether the entry is the name of a file, as our own lines print it, and no name of a student."""
    return bool(PATH.search(file) and WORD.search(file))


def without_copy(part: str) -> str:
    """Without what systems add to the name of a copy: " (1)", "-Copy1", "_2"."""
    while (shorter := COPY.sub("", part)) != part:
        part = shorter
    return part
