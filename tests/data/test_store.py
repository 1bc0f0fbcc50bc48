"""Where data come from, and what happens when they are not what they should be."""

import dataclasses
import io
import sys
import types

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.data.catalogue import BENCHMARKS
from course_lib.data.store import ARRAYS, DataError, balanced_order, checksum, load


def fake_arrays(n_train=200, n_test=50, shape=(28, 28)):
    rng = np.random.default_rng(0)
    x_train, x_test = (rng.integers(0, 256, (n, *shape), dtype=np.uint8) for n in (n_train, n_test))
    y_train, y_test = (rng.permutation(np.arange(n) % 10) for n in (n_train, n_test))
    return x_train, y_train, x_test, y_test


def small_set(arrays, **changes):
    """A benchmark like MNIST whose complete content is `arrays`; nothing of it is embedded."""
    facts = {"sample_train": 0, "sample_test": 0, "n_train": len(arrays[0]), "n_test": len(arrays[2])}
    return dataclasses.replace(BENCHMARKS["mnist"], checksum=checksum(*arrays), **(facts | changes))


def write(path, arrays):
    np.savez_compressed(path, **dict(zip(ARRAYS, arrays, strict=True)))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture
def keras(monkeypatch):
    """Let `keras.datasets.mnist.load_data` be a function of the test's choice."""

    def install(load_data):
        module = types.ModuleType("keras")
        module.datasets = types.SimpleNamespace(mnist=types.SimpleNamespace(load_data=load_data))
        monkeypatch.setitem(sys.modules, "keras", module)

    return install


# --- order and checksum -----------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=10), st.integers(0, 99))
def test_balanced_order_is_a_permutation_with_balanced_prefixes(totals, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(totals)), totals))
    order = balanced_order(labels)
    assert np.array_equal(np.sort(order), np.arange(len(labels)))
    for n in range(len(totals) * min(totals) + 1):  # as long as every class lasts
        counts = np.bincount(labels[order[:n]], minlength=len(totals))
        assert counts.max() - counts.min() <= 1


def test_balanced_order_never_changes():
    # From PCG64's raw stream, which NumPy keeps for ever. The embedded samples depend on it.
    order = balanced_order(np.arange(1000) * 7 % 10)
    assert order[:10].tolist() == [855, 921, 269, 850, 403, 196, 608, 657, 504, 92]


def test_checksum_sees_values_types_shapes_and_order():
    a, b = np.arange(6, dtype=np.uint8), np.ones(3)
    variants = [(a, b), (b, a), (a.reshape(2, 3), b), (a.astype(np.int64), b), (a[::-1], b), (a,)]
    assert len({checksum(*arrays) for arrays in variants}) == len(variants)
    assert checksum(np.asfortranarray(a.reshape(2, 3))) == checksum(a.reshape(2, 3))


# --- a file in $COURSE_DATA -------------------------------------------------------------------


def test_a_good_file_is_used_in_balanced_order(folder):
    arrays = fake_arrays()
    write(folder / "mnist.npz", arrays)
    data = load(small_set(arrays), 40, 20, download=False)
    order = balanced_order(arrays[1])[:40]
    assert np.array_equal(data.x_train, arrays[0][order])
    assert np.array_equal(data.y_train, arrays[1][order])
    assert np.bincount(data.y_train).tolist() == [4] * 10
    assert len(data.x_test) == 20
    assert data.source == "mnist.npz in $COURSE_DATA"


def test_the_container_does_not_matter(folder):
    x_train, y_train, x_test, y_test = arrays = fake_arrays()
    as_uint8 = (x_train, y_train.astype(np.uint8)[:, None], x_test, y_test.astype(np.uint8)[:, None])
    np.savez(folder / "mnist.npz", **dict(zip(ARRAYS, as_uint8, strict=True)))
    data = load(small_set(arrays), 200, 50, download=False)
    assert data.y_train.dtype == np.int64
    assert data.y_train.shape == (200,)


def test_a_truncated_archive_is_named_and_not_used(folder, keras):
    keras(lambda: pytest.fail("a damaged file must not be passed over in silence"))
    path = folder / "mnist.npz"
    write(path, arrays := fake_arrays())
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DataError, match=r"mnist\.npz is damaged.*Put a good copy") as error:
        load(small_set(arrays), 40, 20, download=True)
    assert str(folder) in str(error.value)


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_a_flipped_byte_is_found(folder, place):
    arrays = fake_arrays()
    buffer = io.BytesIO()
    write(buffer, arrays)
    damaged = bytearray(buffer.getvalue())
    damaged[int(place * len(damaged))] ^= 0xFF
    (folder / "mnist.npz").write_bytes(damaged)
    with pytest.raises(DataError, match="mnist.npz"):
        load(small_set(arrays), 40, 20, download=False)


def test_a_pixel_changed_inside_a_sound_archive_is_found(folder):
    arrays = fake_arrays()
    changed = arrays[0].copy()
    changed[17, 3, 4] ^= 1
    write(folder / "mnist.npz", (changed, *arrays[1:]))
    with pytest.raises(DataError, match="checksum differs"):
        load(small_set(arrays), 40, 20, download=False)


def test_a_pickle_is_refused(folder):
    x_train, y_train, x_test, y_test = arrays = fake_arrays()
    write(folder / "mnist.npz", (x_train, y_train.astype(object), x_test, y_test))
    with pytest.raises(DataError, match="damaged or no .npz archive"):
        load(small_set(arrays), 40, 20, download=False)


def test_a_file_that_is_one_array_is_refused(folder):
    arrays = fake_arrays()
    with (folder / "mnist.npz").open("wb") as stream:
        np.save(stream, arrays[0])
    with pytest.raises(DataError, match="damaged or no .npz archive"):
        load(small_set(arrays), 40, 20, download=False)


def test_a_missing_array_is_named(folder):
    arrays = fake_arrays()
    np.savez(folder / "mnist.npz", x_train=arrays[0], y_train=arrays[1])
    with pytest.raises(DataError, match="lacks one of the arrays x_train, y_train, x_test, y_test"):
        load(small_set(arrays), 40, 20, download=False)


@pytest.mark.parametrize(
    ("number", "change", "message"),
    [
        (0, lambda x: x.reshape(len(x), -1), r"x_train should be uint8 of shape \(n, 28, 28\)"),
        (0, lambda x: x / 255.0, "it is float64"),
        (2, lambda x: x[..., None], r"x_test should be .* \(50, 28, 28, 1\)"),
        (1, lambda y: y[:-1], r"y_train should be integers of shape \(200,\), one for each image"),
        (3, lambda y: y.astype(float), "y_test should be integers"),
        (3, lambda y: y + 1, "y_test should hold labels from 0 to 9"),
        (1, lambda y: y - 1, "y_train should hold labels from 0 to 9"),
        (1, lambda y: np.eye(10, dtype=int)[y], r"it is int64 of shape \(200, 10\)"),
    ],
)
def test_wrong_shapes_and_labels_are_described(folder, number, change, message):
    arrays = list(fake_arrays())
    data = small_set(arrays)
    arrays[number] = change(arrays[number])
    write(folder / "mnist.npz", arrays)
    with pytest.raises(DataError, match=message):
        load(data, 40, 20, download=False)


def test_a_complete_set_without_checksum_needs_equal_classes(folder):
    arrays = fake_arrays()
    data = dataclasses.replace(small_set(arrays), checksum=None)
    write(folder / "mnist.npz", arrays)
    assert len(load(data, 200, 50, download=False).x_train) == 200
    arrays[1][np.argmax(arrays[1] == 3)] = 4
    write(folder / "mnist.npz", arrays)
    with pytest.raises(DataError, match="20 images of each class in train; here are 20, 20, 20, 19, 21"):
        load(data, 200, 50, download=False)


def test_a_smaller_file_without_checksum_serves_smaller_requests(folder):
    data = dataclasses.replace(small_set(fake_arrays()), checksum=None)
    write(folder / "mnist.npz", fake_arrays(n_train=60, n_test=20))
    assert len(load(data, 60, 20, download=False).x_train) == 60
    with pytest.raises(DataError, match="mnist.npz has only 60 and 20"):
        load(data, 61, 20, download=False)


# --- Keras and the end of the road ------------------------------------------------------------


def test_the_download_is_checked_too(monkeypatch, keras):
    monkeypatch.delenv("COURSE_DATA", raising=False)
    x_train, y_train, x_test, y_test = arrays = fake_arrays()
    keras(lambda: ((x_train, y_train), (x_test, y_test)))
    assert load(small_set(arrays), 40, 20, download=True).source == "downloaded by Keras"
    keras(lambda: ((x_train ^ 1, y_train), (x_test, y_test)))
    with pytest.raises(DataError, match="Keras' copy of mnist.*checksum differs"):
        load(small_set(arrays), 40, 20, download=True)


def test_without_a_network_the_error_says_what_to_do(monkeypatch, keras):
    def no_network():
        raise Exception("URL fetch failure on mnist.npz: None -- name resolution")  # as Keras does

    monkeypatch.delenv("COURSE_DATA", raising=False)
    keras(no_network)
    with pytest.raises(DataError) as error:
        load(BENCHMARKS["mnist"], 60_000, 10_000, download=True)
    text = str(error.value)
    assert "60,000 training and 10,000 test images of MNIST" in text  # what was asked
    assert "Offline there are 6,000 and 1,000" in text  # what there is
    assert "1. Set COURSE_DATA to a folder with mnist.npz" in text
    assert "COURSE_DATA is not set" in text
    assert "2. Let Keras download it" in text
    assert "the download failed (URL fetch failure" in text


def test_the_error_names_a_folder_that_lacks_the_file(folder):
    with pytest.raises(DataError) as error:
        load(BENCHMARKS["cifar10"], 100, 100, download=False)
    assert f"COURSE_DATA is {folder}, where there is no cifar10.npz" in str(error.value)
    assert "load_pictograms" in str(error.value)
    assert "download=False" in str(error.value)


def test_without_keras_the_error_says_so(monkeypatch):
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.setitem(sys.modules, "keras", None)  # makes the import fail
    with pytest.raises(DataError, match="Keras, which would download it, is not installed"):
        load(BENCHMARKS["mnist"], 60_000, 10_000, download=True)


@pytest.mark.slow
def test_an_unwritable_cache_folder_is_named(monkeypatch, tmp_path):
    # Keras itself: its home is a file, so that no folder can be made there, not even by root.
    from keras import datasets

    (tmp_path / "home").write_text("not a folder")
    monkeypatch.setattr("keras.src.utils.file_utils.config.keras_home", lambda: str(tmp_path / "home"))
    monkeypatch.delenv("COURSE_DATA", raising=False)
    assert hasattr(datasets, "fashion_mnist")
    with pytest.raises(DataError, match="cannot write its cache folder.*home.*set KERAS_HOME"):
        load(BENCHMARKS["fashion_mnist"], 60_000, 10_000, download=True)


@pytest.mark.parametrize("numbers", [(60_001, 10), (10, 10_001), (-1, 10), (10, -1)])
def test_impossible_numbers_are_refused(numbers):
    with pytest.raises(ValueError, match="MNIST has 60,000 training and 10,000 test images"):
        load(BENCHMARKS["mnist"], *numbers, download=False)
