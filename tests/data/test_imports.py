"""What importing the room costs, and what the package weighs."""

import subprocess
import sys
import zipfile
from pathlib import Path

import course_lib.data


def test_importing_loads_neither_frameworks_nor_pillow():
    code = (
        "import sys, course_lib.data\n"
        "heavy = {'PIL', 'keras', 'tensorflow', 'torch', 'sklearn', 'skimage', 'matplotlib', 'pandas'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    root = Path(course_lib.data.__file__).parents[2]
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert result.stdout.strip() == "[]"


def test_the_package_with_samples_stays_under_14_mb():
    root = Path(course_lib.data.__file__).parent
    size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc")
    assert 4e6 < size < 14e6


def test_samples_and_sprites_load_from_inside_a_zip(tmp_path):
    package = Path(course_lib.data.__file__).parents[1]
    with zipfile.ZipFile(tmp_path / "course_lib.zip", "w") as archive:
        for path in [package / "__init__.py", *(package / "data").rglob("*")]:
            if path.is_file() and path.suffix != ".pyc":
                archive.write(path, path.relative_to(package.parent))
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'course_lib.zip')!r})\n"
        "import course_lib.data as data\n"
        "assert 'course_lib.zip' in data.__file__\n"
        "print(data.load_mnist(10, 10).x_train.shape, data.load_pictograms(10, 10).x_shift.shape)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert result.stdout.strip() == "(10, 28, 28) (10, 32, 32, 3)", result.stderr


def test_every_data_file_has_its_licence_written_down():
    root = Path(course_lib.data.__file__).parent
    text = (root / "LICENCES.txt").read_text(encoding="utf-8")
    for path in [*(root / "samples").glob("*.npz"), *(root / "atlas").glob("*.png")]:
        assert f"{path.parent.name}/{path.name}\n" in text


def test_everything_promised_is_there():
    assert all(hasattr(course_lib.data, name) for name in course_lib.data.__all__)
