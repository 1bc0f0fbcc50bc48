"""The embedded samples and the complete sets."""

import os
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from course_lib.data import load_cifar10, load_fashion_mnist, load_mnist, store
from course_lib.data.make_samples import make_sample
from tests.tools import elsewhere

FULL = Path(os.environ.get("COURSE_DATA") or Path(__file__).parents[3] / "shared" / "data")
LOADERS = {"mnist": load_mnist, "fashion_mnist": load_fashion_mnist}


@pytest.fixture(params=LOADERS)
def name(request):
    return request.param


def test_sample_shapes_types_and_balance(name):
    data = LOADERS[name]()
    assert data.x_train.shape == (6000, 28, 28) and data.x_test.shape == (1000, 28, 28)
    assert data.x_train.dtype == data.x_test.dtype == np.uint8
    assert data.y_train.dtype == data.y_test.dtype == np.int64
    assert np.bincount(data.y_train).tolist() == [600] * 10
    assert np.bincount(data.y_test).tolist() == [100] * 10
    assert len(data.class_names) == 10
    assert "6,000 training and 1,000 test images, 28x28, 10 classes, embedded sample" in repr(data)


def test_every_prefix_is_balanced(name):
    labels = LOADERS[name]().y_train
    for n in (1, 7, 10, 64, 101, 1999):
        counts = np.bincount(labels[:n], minlength=10)
        assert counts.max() - counts.min() <= 1


def test_a_smaller_request_is_the_beginning_of_a_larger_one(name):
    some, all_of_it = LOADERS[name](100, 50), LOADERS[name]()
    assert np.array_equal(some.x_train, all_of_it.x_train[:100])
    assert np.array_equal(some.y_test, all_of_it.y_test[:50])


def test_training_and_test_images_do_not_overlap(name):
    data = LOADERS[name]()
    train = {image.tobytes() for image in data.x_train}
    assert len(train) > 5990  # Fashion-MNIST repeats a few
    assert sum(image.tobytes() in train for image in data.x_test) <= 1


def test_the_class_centres_classify(name):
    # Would fail if images and labels had been shuffled apart.
    data = LOADERS[name]()
    flat = data.x_train.reshape(6000, -1) / 255
    centres = np.stack([flat[data.y_train == k].mean(axis=0) for k in range(10)])
    distance = ((data.x_test.reshape(1000, 1, -1) / 255 - centres) ** 2).sum(axis=-1)
    assert np.mean(distance.argmin(axis=1) == data.y_test) > 0.6


def test_a_damaged_sample_is_never_used(name, tmp_path, monkeypatch):
    good = (files("course_lib.data") / "samples" / f"{name}.npz").read_bytes()
    (tmp_path / "samples").mkdir()
    monkeypatch.setattr(store, "files", lambda package: tmp_path)
    (tmp_path / "samples" / f"{name}.npz").write_bytes(good[:-5000])
    with pytest.raises(store.DataError, match=f"embedded {name}.npz is damaged"):
        LOADERS[name]()


def test_a_changed_sample_is_never_used(name, tmp_path, monkeypatch):
    data = LOADERS[name]()
    arrays = data.x_train, data.y_train, data.x_test, (data.y_test + 1) % 10
    (tmp_path / "samples").mkdir()
    np.savez(
        tmp_path / "samples" / f"{name}.npz", **dict(zip(store.ARRAYS, arrays, strict=True))
    )  # a sound archive with other labels
    monkeypatch.setattr(store, "files", lambda package: tmp_path)
    with pytest.raises(store.DataError, match=f"embedded {name}.npz is damaged: its checksum differs"):
        LOADERS[name]()


@pytest.mark.parametrize("name", LOADERS)
def test_the_sample_begins_the_complete_set(name, monkeypatch):
    if not (FULL / f"{name}.npz").is_file():
        elsewhere("it needs the complete set in $COURSE_DATA")
    sample = LOADERS[name]()
    monkeypatch.setenv("COURSE_DATA", str(FULL))
    complete = LOADERS[name](60_000, 10_000, download=False)
    assert complete.x_train.shape == (60_000, 28, 28) and complete.x_test.shape == (10_000, 28, 28)
    for part in store.ARRAYS:
        assert np.array_equal(getattr(complete, part)[: len(getattr(sample, part))], getattr(sample, part))
    with (FULL / f"{name}.npz").open("rb") as stream:
        remade = make_sample(store.read_npz(stream, name), 6000, 1000)
    assert np.array_equal(remade[0], sample.x_train) and np.array_equal(remade[3], sample.y_test)


def test_cifar10_from_a_users_folder(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (70, 32, 32, 3), dtype=np.uint8)
    y = (np.arange(70) % 10).astype(np.uint8)[:, None]  # as Keras and the original hand them out
    np.savez(tmp_path / "cifar10.npz", x_train=x[:50], y_train=y[:50], x_test=x[50:], y_test=y[50:])
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    data = load_cifar10(50, 20, download=False)
    assert data.x_train.shape == (50, 32, 32, 3) and data.y_train.shape == (50,)
    assert data.class_names[3] == "cat"
    for image, label in zip(data.x_train, data.y_train, strict=True):
        assert y[np.flatnonzero((x == image).all(axis=(1, 2, 3)))[0], 0] == label
