"""An answer in Keras and the same answer in PyTorch get the same verdict, in the same words."""

import keras
import numpy as np
import pytest
import torch
from keras import layers
from torch import nn

from course_lib.exercises import lab_05_pytorch, lab_05_side_by_side
from course_lib.marking.networks import outputs, set_weights, weights


def keras_twin(height, width, channels, n_filters, n_classes, norm=None, padding="same", last=()):
    return keras.Sequential([
        keras.Input((height, width, channels)), layers.Conv2D(n_filters, 3, padding=padding),
        layers.BatchNormalization(**(norm or {})), layers.ReLU(), layers.MaxPooling2D(), layers.Flatten(),
        layers.Dense(n_classes), *last,
    ])  # fmt: skip


KERAS_MISTAKES = {
    "The epsilon of": {"norm": {"epsilon": 1e-5}},
    "The momentum of the batch norm is PyTorch's": {"norm": {"momentum": 0.9}},
    "The momentum of the batch norm is written": {"norm": {"momentum": 0.01}},
    "The convolution has no padding": {"padding": "valid"},
    "It ends in a softmax": {"last": [layers.Softmax()]},
}


@pytest.mark.parametrize("begins", KERAS_MISTAKES)
def test_a_twin_with_a_mistake_gets_the_same_words_in_both(begins):
    exercise = lab_05_side_by_side.build_twin
    (wrong,) = [mistake for mistake in exercise.mistakes if mistake.hint.startswith(begins)]
    ours = exercise.mark(exercise.local(lambda *sizes: keras_twin(*sizes, **KERAS_MISTAKES[begins])), seed=7)
    theirs = exercise.mark(exercise.local(wrong.answer), seed=7)
    assert (ours.state, ours.mistake, ours.hint, ours.said) == ("wrong", wrong.name, wrong.hint, theirs.said)


def test_a_right_twin_gets_the_same_words_in_both_and_a_class_is_no_network():
    exercise = lab_05_side_by_side.build_twin
    assert exercise.mark(exercise.local(keras_twin), 7) == exercise.mark(exercise.local(exercise.reference), 7)
    assert exercise.mark(exercise.local(keras_twin), 7).passed
    assert exercise.mark(exercise.local(lambda *sizes: nn.Module)).said.endswith("it is of the type type")
    assert exercise.mark(exercise.local(lambda *sizes: None)).said.endswith(
        "it returns None (does it end with return?)"
    )
    assert exercise.mark(exercise.local(lambda *sizes: ...)).state == "not attempted"


def test_a_classifier_that_is_built_late_is_accepted():
    """Without keras.Input, the network learns its number of inputs from the first batch."""

    def late(n_inputs, hidden, n_classes):
        return keras.Sequential([*(layers.Dense(n, "relu") for n in hidden), layers.Dense(n_classes)])

    exercise = lab_05_pytorch.build_classifier
    assert exercise.mark(exercise.local(late)).passed
    twice = exercise.mark(exercise.local(lambda *sizes: keras.Sequential([late(*sizes), layers.Softmax()])), 7)
    theirs = exercise.mark(exercise.local(exercise.mistakes[0].answer), 7)
    assert "softmax" in twice.hint and (twice.hint, twice.said) == (theirs.hint, theirs.said)


@pytest.mark.parametrize("name", ["image_to_torch", "kernel_to_torch"])
def test_tensors_of_both_frameworks_get_the_same_words(name):
    (exercise,) = [each for each in lab_05_side_by_side.EXERCISES if each.name == name]
    axes = (0, 3, 1, 2) if name == "image_to_torch" else (3, 2, 0, 1)
    wrong = (0, 3, 2, 1) if name == "image_to_torch" else (3, 2, 1, 0)
    for order, passed in ((axes, True), (wrong, False)):
        verdicts = [
            exercise.mark(exercise.local(lambda x, order=order: np.transpose(x, order))),
            exercise.mark(exercise.local(lambda x, order=order: torch.tensor(x).permute(order))),
            exercise.mark(
                exercise.local(lambda x, order=order: keras.ops.transpose(keras.ops.convert_to_tensor(x), order))
            ),
        ]
        assert verdicts[0] == verdicts[1] == verdicts[2] and verdicts[0].passed is passed
        assert bool(verdicts[0].hint) is not passed


def test_weights_go_in_and_come_out_in_one_layout():
    sizes, images = (4, 6, 3, 5, 2), np.random.default_rng(0).normal(size=(3, 4, 6, 3))
    ours, theirs = keras_twin(*sizes), lab_05_side_by_side.build_twin.reference(*sizes)
    values = [np.random.default_rng(k).uniform(0.1, 1, part.shape) for k, part in enumerate(weights(theirs))]
    for network in (ours, theirs):
        set_weights(network, values)
        for found, value in zip(weights(network), values, strict=True):
            np.testing.assert_array_equal(found, value.astype(np.float32))
    theirs[1].eval()
    np.testing.assert_allclose(outputs(ours, images), outputs(theirs, images), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(outputs(ours, images, True), outputs(theirs, images, True), rtol=1e-4, atol=1e-5)
    assert [module.training for module in theirs] == [True, False, True, True, True, True]  # put back
    np.testing.assert_allclose(weights(ours)[4], weights(theirs)[4], rtol=1e-5)


@pytest.mark.parametrize("place", range(4))
def test_the_optimisers_of_the_lab_take_the_steps_of_keras(place):
    """The reference of twin_optimiser is the twin of Keras' own; of Adam, where epsilon is as small as by default."""
    case = lab_05_side_by_side.twin_optimiser.inputs[place]
    settings, start, gradients = case.draw(np.random.default_rng(place))
    rate = keras.optimizers.schedules.InverseTimeDecay(settings["learning_rate"], 1, settings["decay"])
    if settings["kind"] == "SGD":
        ours = keras.optimizers.SGD(rate, momentum=settings["momentum"], nesterov=settings["nesterov"])
    else:
        settings = {**settings, "epsilon": 1e-7}
        ours = keras.optimizers.Adam(rate, settings["beta_1"], settings["beta_2"], settings["epsilon"])
    variable, path = keras.Variable(start), []
    for gradient in gradients:
        ours.apply([keras.ops.convert_to_tensor(gradient)], [variable])
        path.append(variable.numpy())
    reference = lab_05_side_by_side.twin_optimiser.reference
    found = lab_05_side_by_side._try_optimiser(reference, settings, start, gradients)
    np.testing.assert_allclose(found["the weights behind each step"], path, rtol=1e-4, atol=1e-5)
