"""The class list: reading it, finding whose a submission is, and what is left to look at."""

import pytest

from course_lib.marking.collect import Submission
from course_lib.marking.errors import BadRoster
from course_lib.marking.mark import Result
from course_lib.marking.numbers import as_number
from course_lib.marking.roster import Student, read_roster, settle, student_by_path
from course_lib.marking.verdict import Verdict

ANNA, BEN, CARL = Student("1001", "Anna"), Student("1002", "Ben"), Student("0077", "Carl", "carl_c")
CLASS = [ANNA, BEN, CARL]


def written(tmp_path, text: str, encoding: str = "utf-8"):
    path = tmp_path / "class.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    "text",
    [
        "number,name\n1001,Anna Ö.\n0077,Carl\n",
        "number;name\r\n1001;Anna Ö.\r\n0077;Carl\r\n",
        '\ufeffName\tE-mail\tNumber\r\n"Anna Ö."\ta@example.org\t1001\r\nCarl\tc@example.org\t0077',
        "number, name\n\n1001, Anna Ö.\n,\n0077 , Carl",
    ],
    ids=["commas", "semicolons", "tabs and an e-mail", "blank lines"],
)
def test_a_roster_of_any_spreadsheet_is_read(tmp_path, text):
    assert read_roster(written(tmp_path, text)) == [Student("1001", "Anna Ö."), Student("0077", "Carl")]


def test_the_column_file_is_optional_and_a_short_line_is_no_fault(tmp_path):
    text = "number,name,file\n1001,Anna,anna_a\n1002,Ben\n"
    assert read_roster(written(tmp_path, text)) == [Student("1001", "Anna", "anna_a"), Student("1002", "Ben")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no column 'number'; it needs a first line that names its columns: number, name, and perhaps file"),
        ("1001,Anna\n", "no column 'number'"),
        ("number\n1001\n", "no column 'name'"),
        ("number,number,name\n1,2,Anna\n", "no column 'number'"),
        ("number,name\n", "no students; write one into each line"),
        ("number,name\n1001," + 200_000 * "A", ", line 2: not CSV (field larger than field limit"),
        ("number,name\n1001,Anna\n,Ben\n", ", line 3: no number; give every student one"),
        ("number,name\n1001,Anna\n\n01001,Ben\n", ", line 4: 01001 stands in another line too"),
    ],
)
def test_a_bad_roster_says_what_is_wrong_and_where(tmp_path, text, said):
    path = written(tmp_path, text)
    with pytest.raises(BadRoster) as caught:
        read_roster(path)
    assert str(caught.value).startswith(str(path)) and said in str(caught.value)


def test_a_roster_that_is_not_there_or_not_text(tmp_path):
    with pytest.raises(BadRoster, match="not found; name a CSV file"):
        read_roster(tmp_path / "class.csv")
    with pytest.raises(BadRoster, match="not UTF-8; save it as"):
        read_roster(written(tmp_path, "number,name\n1,Jörg\n", "latin-1"))


def test_numbers_are_text_without_leading_zeros():
    assert [as_number(text) for text in (" 0123 ", "S123", "000", "")] == ["123", "s123", "", ""]


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


@pytest.mark.parametrize(
    ("path", "student"),
    [
        ("in/Anna A_1001_assign/lab.ipynb", ANNA),
        ("all.zip:1002.ipynb", BEN),
        ("in/01002-lab.ipynb", BEN),
        ("in/Carl_C/1001.ipynb", CARL),  # what the roster says of the path comes before a number in it
        ("in/21001.ipynb", None),
        ("in/1001_and_1002.ipynb", None),
        ("in/lab.ipynb", None),
    ],
)
def test_a_path_tells_whose_it_is(path, student):
    assert student_by_path(path, CLASS) == student


def handed_in(name: str, number: str = "", lab: str = "02_activations") -> tuple[Submission, Result]:
    cells = (f"student_number = {number}",) if number else ()
    verdicts = [Verdict("relu", "passed", "right")]
    return Submission(name, cells), Result(name, lab, verdicts=verdicts)


def settled(*handed) -> tuple[list[str], list[str]]:
    """The lines, and the student of every submission."""
    found, results = zip(*handed, strict=True)
    return settle(CLASS, list(found), list(results)), [result.student for result in results]


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
