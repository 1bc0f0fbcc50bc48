"""The class list: reading it, whatever program saved it, and numbers of every form."""

import pytest

from course_lib.marking.errors import BadRoster
from course_lib.marking.numbers import as_number, folded, pieces
from course_lib.marking.roster import Student, read_roster


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
        ("number,name\n1001,Anna\n000,Ben\n", ", line 3: no number; give every student one"),
        ("number,name\n1001,Anna\n\n01001,Ben\n", ", line 4: 01001 stands in another line too"),
        ("number,name\nS-12345,Anna\ns 12345,Ben\n", ", line 3: s 12345 stands in another line too"),
        ("number,name\n1001.0,Anna\n1001,Ben\n", ", line 3: 1001 stands in another line too"),
        (
            "number,name\n1.23457E+11,Anna\n",
            ", line 2: 1.23457E+11 has lost digits; format the column as whole numbers",
        ),
        ("number,name\n1E+05,Anna\n", ", line 2: 1E+05 has lost digits"),
        ("number,name\n1.0015E+03,Anna\n", ", line 2: 1.0015E+03 has lost digits"),
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
    with pytest.raises(BadRoster, match="cannot be read .*; name a CSV file"):
        read_roster(tmp_path)
    with pytest.raises(BadRoster, match="not UTF-8; save it as"):
        read_roster(written(tmp_path, "number,name\n1,Jörg\n", "latin-1"))


def test_numbers_are_text_without_leading_zeros():
    assert [as_number(text) for text in (" 0123 ", "S123", "000", "")] == ["123", "s123", "", ""]


@pytest.mark.parametrize(
    ("written_as", "read"),
    [
        (["1001.0", "1002.0"], ["1001", "1002"]),
        (["1001,0", "77"], ["1001", "77"]),
        (["2024.117", "2024.0"], ["2024.117", "2024.0"]),  # a number with a sign, and no decimal
        (["1.001E+03", "1.002000e+03"], ["1001", "1002"]),  # exact, as NumPy writes it
        (["12E5", "S-12345", "KM-11/05"], ["12E5", "S-12345", "KM-11/05"]),
        (["\u200b1001\u00a0", " 1002"], ["1001", "1002"]),
    ],
)
def test_a_number_is_what_was_typed_before_a_spreadsheet_shaped_it(tmp_path, written_as, read):
    text = "number;name\n" + "".join(f"{number};A\n" for number in written_as)
    assert [student.number for student in read_roster(written(tmp_path, text))] == read


def test_numbers_are_compared_by_their_pieces():
    assert pieces("S-12345") == pieces("s12345") == pieces(" S 12345") == pieces("Ｓ１２３４５") == ("s", "12345")
    assert pieces("KM-11/05") == pieces("km 11_05") != pieces("KM-1/105") != pieces("KM1105")
    assert pieces("00123") == pieces("123") == ("123",) and pieces("2024.117") == ("2024", "117")
    assert pieces("000") == pieces("-") == pieces("") == ()


def test_a_name_has_one_form_whatever_system_wrote_it():
    assert folded("ЇЖАКЕВИЧ") == folded("\u0456\u0308жакевич") and folded("Straße") == folded("STRASSE")
    assert folded("\u0390") == folded(
        "\u03aa\u0301"
    )  # a small letter with two accents; its capital needs two characters
    assert folded("Мар'яна") == folded("Мар\u2019яна") == folded("мар\u02bcяна")
