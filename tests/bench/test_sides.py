"""Both sides do the same work on the same batches."""

import subprocess
import sys

import keras
import numpy as np
import pytest

from course_lib.bench import frameworks, sides
from course_lib.nets import NETS
from course_lib.parity import compare_outputs, copy_weights


def test_every_task_has_a_network_and_every_network_a_task():
    assert set(frameworks.TASKS) == set(sides.NETWORKS) and set(sides.NETWORKS.values()) <= set(NETS)


def test_one_side_does_not_load_the_other_framework():
    """A process whose memory is measured holds one framework only."""
    for side, other in (("Keras", "torch"), ("Torch", "keras")):
        code = f"import sys; from course_lib.bench import sides; sides.{side}('MLP'); print({other!r} in sys.modules)"
        found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert found.stdout.split()[-1] == "False", side


@pytest.mark.parametrize("name", frameworks.TASKS)
def test_both_sides_hold_the_same_network_and_get_the_same_images(name):
    ours, theirs = sides.Keras(name), sides.Torch(name)
    x, y = frameworks.examples(name, 12)
    copy_weights(ours.model, theirs.model)
    assert compare_outputs(ours.model, theirs.model, x).largest < 1e-4
    for (x_ours, y_ours), (x_theirs, y_theirs) in zip(ours.batches(x, y, 4)["x"], theirs.batches(x, y, 4), strict=True):
        images = x_theirs.numpy()
        assert np.array_equal(x_ours, images.transpose(0, 2, 3, 1) if images.ndim == 4 else images)
        assert np.array_equal(y_ours, y_theirs)


def test_both_sides_take_the_same_steps():
    keras.utils.set_random_seed(0)
    ours, theirs = sides.Keras("MLP"), sides.Torch("MLP")
    copy_weights(ours.model, theirs.model)
    x, y = frameworks.examples("MLP", 96)
    for side in (ours, theirs):
        side.train(side.batches(x, y, 32))
    # Adam's first steps have the size of the rate, however small a gradient: rounding may turn the smallest ones.
    assert compare_outputs(ours.model, theirs.model, x).largest < 0.05
    assert ours.accuracy(ours.batches(x, y, 32)) == pytest.approx(theirs.accuracy(theirs.batches(x, y, 32)), abs=0.02)


@pytest.mark.skipif(sys.platform != "linux", reason="not for this machine: the peak of the parent is a matter of Linux")
def test_the_peak_is_that_of_this_process():
    before = sides.peak()
    block = np.ones(30_000_000)  # 229 MiB
    assert sides.peak() >= before
    assert sides.peak() > block.nbytes / 2**20


def test_without_tensorflow_keras_gets_the_same_batches_as_arrays(monkeypatch):
    x, y = frameworks.examples("MLP", 70)
    keras.utils.set_random_seed(0)
    ours, theirs = sides.Keras("MLP"), sides.Keras("MLP")
    theirs.model.set_weights(ours.model.get_weights())
    ours.train(ours.batches(x, y, 32))
    monkeypatch.setattr(sides, "backend", lambda: "jax")
    arrays = theirs.batches(x, y, 32)
    assert (len(arrays["x"]), len(arrays["y"]), arrays["batch_size"]) == (64, 64, 32)
    theirs.train(arrays)
    for first, second in zip(ours.model.get_weights(), theirs.model.get_weights(), strict=True):
        assert np.allclose(first, second, atol=1e-5)
    assert theirs.accuracy(arrays) == pytest.approx(
        np.mean(theirs.model.predict(x[:64], verbose=0).argmax(1) == y[:64])
    )
