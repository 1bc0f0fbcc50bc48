"""Whose a submission is, by its path and by what it says, and what is left to look at."""

import re

import pytest

from course_lib.marking.collect import Submission
from course_lib.marking.mark import Result
from course_lib.marking.roster import Student
from course_lib.marking.verdict import Verdict
from course_lib.marking.whose import settle, students_in_path

LAB = "02_activations"
ANNA, BEN, CARL = Student("1001", "Anna"), Student("1002", "Ben"), Student("0077", "Carl", "carl_c")
CLASS = [ANNA, BEN, CARL]


@pytest.mark.parametrize(
    ("cells", "number"),
    [
        (["x = 1", "student_number = 1001"], "1001"),
        (["student_number = 1_001  # mine"], "1001"),
        (["student_number = '01001'"], "1001"),
        (["student_number = 1", "student_number = 2"], "2"),
        (["student_number = ..."], ""),
        (["student_number = int('1001')"], ""),
        (["student_number = None"], ""),
        (["# student_number = 1001", "print('student_number = 1001')", "def f(:"], ""),
        (["def f():\n    student_number = 1001"], ""),
    ],
)
def test_the_number_is_read_from_the_code_and_not_run(cells, number):
    assert Submission("x", tuple(cells)).number == number


def at(name: str, cells: tuple[str, ...] = ()) -> Submission:
    """As it is found below the folder that the teacher named."""
    return Submission(name, cells, parts=tuple(re.split("[/:]", name.removeprefix("in/"))))


def owners(path: str, students=CLASS, lab: str = LAB) -> list[Student]:
    return students_in_path(at(path), lab, students)


@pytest.mark.parametrize(
    ("path", "students"),
    [
        ("in/Anna A_1001_assign/lab.ipynb", [ANNA]),
        ("in/all.zip:1002.ipynb", [BEN]),
        ("in/01002-lab.ipynb", [BEN]),
        ("in/1002 (1).ipynb", [BEN]),
        ("in/02_activations_1002-Copy1.ipynb", [BEN]),
        ("in/Carl_C/1001.ipynb", [CARL]),  # what the roster says of the path comes before a number in it
        ("in/CARL-C_1001.ipynb", [CARL]),
        ("in/0077.ipynb", [CARL]),
        ("in/77.ipynb", [CARL]),
        ("in/77/02_activations.ipynb", [CARL]),
        ("in/21001.ipynb", []),
        ("in/a1001f.ipynb", []),  # of a hash, perhaps
        ("in/carl_cooper.ipynb", []),
        ("in/lab 77.ipynb", []),  # a short number beside other words may mean anything
        ("in/lab.ipynb", []),
        ("in/1001_and_1002.ipynb", [ANNA, BEN]),
        ("in/1001/carl_1002.ipynb", [ANNA, BEN]),
    ],
)
def test_a_path_tells_whose_it_is(path, students):
    assert owners(path) == students


SMALL = [Student(str(number), f"Student {number}") for number in range(1, 31)] + [Student("2026", "Year")]


@pytest.mark.parametrize(
    "name",
    [
        "02_activations", "02-activations", "02_activations(1)", "02_activations (2)", "02_activations-Copy1", "02", "2",
        "Copy of 02_activations", "Копія записника 02_activations", "02_activations - Copy", "02_activations - Copy (3)",
        "02_activations_2", "02_activations-1", "02_activations copy 2", "lab (1)", "lab_7", "lab-12", "(1)", " (1)", "-1",
        "_2", "Untitled3", "Untitled 3", "v2 final", "anna 2026-11-05", "attempt_2026-11-05-10-15-33_lab",
        "05.11.2026 lab", "week 3", "3 lab", "2nd try",
    ],
)  # fmt: skip
def test_a_number_of_a_lab_a_copy_or_a_date_is_nobodys(name):
    assert owners(f"in/{name}.ipynb", SMALL) == owners(f"in/{name}/notebook.ipynb", SMALL) == []


def test_a_short_number_alone_is_a_student_if_we_know_that_it_is_not_the_labs():
    assert (
        owners("in/7.ipynb", SMALL) == owners("in/07 (1).ipynb", SMALL) == owners("in/7/lab.ipynb", SMALL) == [SMALL[6]]
    )
    assert owners("in/7.ipynb", SMALL, lab="") == []  # a notebook that nobody can read
    assert owners("in/2026.ipynb", SMALL) == [SMALL[-1]]


SIGNS = [
    Student("S-12345", "Anna"),
    Student("KM-11/05", "Borys"),
    Student("2024.117", "Chrystyna"),
    Student("KM-11/5", "D"),
]


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("S-12345_lab", "S-12345"), ("s12345", "S-12345"), ("Lab S_12345", "S-12345"), ("S 12345 (1)", "S-12345"),
        ("KM-11_05 lab", "KM-11/05"), ("km11-05", "KM-11/05"), ("KM-11_5", "KM-11/5"), ("2024.117", "2024.117"),
        ("2024_117-Copy1", "2024.117"), ("12345", ""), ("class-12345", ""), ("S-123456", ""), ("KM-11", ""),
        ("2024117", ""), ("2024 (117)", ""), ("12024.117", ""),
    ],
)  # fmt: skip
def test_a_number_of_several_pieces_is_found_whole(name, number):
    found = owners(f"in/{name}/lab.ipynb", SIGNS)
    assert (
        [student.number for student in found]
        == [number] * bool(number)
        == [student.number for student in owners(f"in/{name}.ipynb", SIGNS)]
    )


NAMED = [
    Student("1", "Ann", "ann"), Student("2", "Hannah", "hannah"), Student("3", "Ann-Marie", "Ann Marie"),
    Student("4", "Марія", "Їжакевич"), Student("5", "Мар'яна", "Мар'яна Коваль"), Student("6", "By its path", "in/x/lab (1).ipynb"),
    Student("7", "By its file", "odd name.ipynb"), Student("8", "By an account", "78"), Student("9", "Nothing", " - "),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("in/hannah/lab.ipynb", "2"), ("in/ann/lab.ipynb", "1"), ("in/Ann (1).ipynb", "1"), ("in/ANN_77_file/lab.ipynb", "1"),
        ("in/ann-marie_lab.ipynb", "3"), ("in/joann.ipynb", ""), ("in/annika/lab.ipynb", ""), ("in/ann1.ipynb", ""),
        ("in/\u0406\u0308жакевич_79_file/lab.ipynb", "4"), ("in/їжакевич.ipynb", "4"), ("in/Мар\u2019яна  Коваль_5/lab.ipynb", "5"),
        ("in/x/lab (1).ipynb", "6"), ("in/y/lab (1).ipynb", ""), ("in/x/odd name.ipynb", "7"), ("in/odd name (1).ipynb", ""),
        ("in/Somebody_78_assignsubmission_file/lab.ipynb", "8"), ("in/lab (78).ipynb", ""), ("in/78.ipynb", "8"),
    ],
)  # fmt: skip
def test_an_entry_of_the_column_file_is_found_whole_and_in_every_form(path, number):
    assert [student.number for student in owners(path, NAMED)] == [number] * bool(number)


def test_a_name_in_another_code_page_is_found():
    """A zip file does not say which; each way to read a name is a part of the path."""
    garbled = "Їжакевич".encode("cp1251").decode("cp437")
    found = Submission(f"all.zip:{garbled}", parts=("all.zip", garbled, "Їжакевич", "lab.ipynb"))
    assert students_in_path(found, LAB, NAMED) == [NAMED[3]]


def handed_in(name: str, number: str = "", lab: str = LAB) -> tuple[Submission, Result]:
    cells = (f"student_number = {number}",) if number else ()
    verdicts = [Verdict("relu", "passed", "right")]
    return at(name, cells), Result(name, lab, verdicts=verdicts)


def settled(*handed, students=CLASS) -> tuple[list[str], list[str]]:
    """The lines, and the student of every submission."""
    found, results = zip(*handed, strict=True)
    return settle(students, list(found), list(results)), [result.student for result in results]


def test_where_everything_is_in_order_nothing_is_said():
    lines, students = settled(handed_in("a.ipynb", "1001"), handed_in("1002.ipynb"), handed_in("carl_c.ipynb", "77"))
    assert lines == []
    assert students == ["1001", "1002", "0077"]


def test_everything_else_is_a_line():
    lines, students = settled(
        handed_in("a.ipynb", "1001"),
        handed_in("1001/late.ipynb"),
        handed_in("b.ipynb", "9999"),
        handed_in("c.ipynb"),
        handed_in("carl_c.ipynb", "1001"),
    )
    assert lines == [
        "unknown number: b.ipynb says student_number = 9999",
        "no number: c.ipynb; find out whose it is, and write its name into the column file",
        "two numbers: carl_c.ipynb is from 0077 Carl and says student_number = 1001",
        "more than once: 02_activations: 1001 Anna: a.ipynb, 1001/late.ipynb",
        "nothing handed in: 02_activations: 1002 Ben",
    ]
    assert students == ["1001", "1001", "", "", "0077"]


def test_where_two_students_are_possible_nobody_is_guessed():
    lines, students = settled(
        handed_in("1001_and_1002.ipynb"),
        handed_in("carl_c/1001_or_1002.ipynb"),  # the roster says it
        handed_in("1001, 1002.ipynb", "9999"),
        handed_in("1001 or 1002.ipynb", "1002"),  # and here the notebook does
        handed_in("1001 1002/x.ipynb", "77"),
    )
    asked = "may be from 1001 Anna or 1002 Ben; write its name into the column file"
    three = asked.replace("1002 Ben", "1002 Ben or 0077 Carl")
    assert lines == [
        f"two students: 1001_and_1002.ipynb {asked}",
        f"two students: 1001, 1002.ipynb {asked}",
        "unknown number: 1001, 1002.ipynb says student_number = 9999",
        f"two students: 1001 1002/x.ipynb {three}",
        "nothing handed in: 02_activations: 1001 Anna",
    ]
    assert students == ["", "0077", "", "1002", ""]


@pytest.mark.parametrize("number", ["'S-12345'", "'s12345'", "'S 12345'", '"s-12345"'])
def test_the_number_of_a_notebook_may_have_signs(number):
    assert settled(handed_in("x.ipynb", number), students=SIGNS[:1]) == ([], ["S-12345"])
    assert settled(handed_in("x.ipynb", "12345"), students=SIGNS[:1])[0][0] == (
        "unknown number: x.ipynb says student_number = 12345"
    )


def test_the_name_that_a_line_asks_to_write_down_is_found():
    name = "in/Копія записника (2).ipynb"
    (line, _), _ = settled(handed_in(name), students=[Student("1", "Ann")])
    assert line == f"no number: {name}; find out whose it is, and write its name into the column file"
    assert settled(handed_in(name), students=[Student("1", "Ann", name)]) == ([], ["1"])


def test_every_lab_is_counted_for_itself_and_an_unreadable_notebook_was_handed_in():
    lines, _ = settled(
        handed_in("1001/a.ipynb"), handed_in("1001/b.ipynb", lab="02_one_neuron"), handed_in("1002/x.ipynb", lab=""),
        handed_in("1002/y.ipynb", lab=""),
    )  # fmt: skip
    assert lines == [
        "nothing handed in: 02_activations: 0077 Carl",
        "nothing handed in: 02_one_neuron: 0077 Carl",
    ]


def test_words_of_a_student_cannot_look_like_ours():
    lines, _ = settled(handed_in("a.ipynb", r"'\n✓ all right\x1b[2J'"))
    assert lines[0] == "unknown number: a.ipynb says student_number = ✓ all right [2j"
    assert not any("\n" in line or "\x1b" in line for line in lines)
