"""Parity refuses what is unequal, and what it cannot prove; what is equal in other words it accepts."""

import keras
import numpy as np
import pytest
import torch
from keras import layers
from torch import nn
from torch.nn import functional as F

from course_lib.parity import ParityError, compare_outputs, copy_weights
from course_lib.torch_nets.efficientnet_lite import SamePad


def chain(*parts, shape=(7, 9, 3)):
    return keras.Sequential([keras.Input(shape), *parts])


def conv(*more, **settings):
    return nn.Sequential(nn.Conv2d(3, 4, **{"kernel_size": 3} | settings), *more)


class Calls(nn.Module):
    """Two convolutions and a function of PyTorch between them, or whatever else is given."""

    def __init__(self, forward, *parts):
        super().__init__()
        self.parts, self.run = nn.ModuleList(parts), forward

    def forward(self, x):
        return self.run(self.parts, x)


def same(n=4, k=3, **settings):
    return layers.Conv2D(n, k, padding="same", **settings)


def valid(n=4, k=3, **settings):
    return layers.Conv2D(n, k, **settings)


DENSE = nn.Linear(4, 2)
EQUAL = {
    "same padding": lambda: (chain(same()), conv(padding=1)),
    "same padding by name": lambda: (chain(same()), conv(padding="same")),
    "an even kernel": lambda: (chain(same(k=4)), conv(kernel_size=4, padding="same")),
    "zeros laid by hand": lambda: (chain(valid()), conv()),
    "zeros in a layer of their own": lambda: (chain(layers.ZeroPadding2D(1), valid()), conv(padding=1)),
    "uneven zeros": lambda: (
        chain(layers.ZeroPadding2D(((0, 1), (2, 0))), valid(strides=2)), nn.Sequential(nn.ZeroPad2d((2, 0, 0, 1)), *conv(stride=2)),
    ),
    "zeros by a function": lambda: (
        chain(layers.ZeroPadding2D(((0, 1), (2, 0))), valid()), Calls(lambda p, x: p[0](F.pad(x, (2, 0, 0, 1))), nn.Conv2d(3, 4, 3)),
    ),
    "a stride on odd sides": lambda: (chain(same(strides=2)), conv(stride=2, padding=1)),
    "a stride on any side": lambda: (chain(same(strides=2), shape=(None, None, 3)), nn.Sequential(SamePad(3, 2), *conv(stride=2))),
    "a stride on an even side": lambda: (chain(same(strides=2), shape=(8, 8, 3)), nn.Sequential(SamePad(3, 2), *conv(stride=2))),
    "dilation": lambda: (chain(same(dilation_rate=2)), conv(dilation=2, padding=2)),
    "groups": lambda: (
        chain(layers.Conv2D(8, 1), layers.Conv2D(6, 3, groups=2)), nn.Sequential(nn.Conv2d(3, 8, 1), nn.Conv2d(8, 6, 3, groups=2)),
    ),
    "depthwise, two for each channel": lambda: (
        chain(layers.DepthwiseConv2D(3, depth_multiplier=2)), nn.Sequential(nn.Conv2d(3, 6, 3, groups=3)),
    ),
    "an activation in the layer, in a layer, in a function": lambda: (
        chain(same(activation="relu"), layers.LeakyReLU(0.1), layers.Activation("gelu")),
        nn.Sequential(*conv(padding=1), Calls(lambda p, x: F.relu(x)), nn.LeakyReLU(0.1), nn.GELU()),
    ),
    "softmax over channels": lambda: (chain(same(activation="softmax")), conv(nn.Softmax(1), padding=1)),
    "max pooling": lambda: (chain(same(), layers.MaxPooling2D()), conv(nn.MaxPool2d(2), padding=1)),
    "max pooling with an edge": lambda: (chain(same(), layers.MaxPooling2D(2, padding="same")), conv(nn.MaxPool2d(2, ceil_mode=True), padding=1)),
    "max pooling with three": lambda: (chain(same(), layers.MaxPooling2D(3, 2, padding="same")), conv(nn.MaxPool2d(3, 2, 1), padding=1)),
    "max pooling by a function": lambda: (
        chain(same(), layers.MaxPooling2D(3, 2)), Calls(lambda p, x: F.max_pool2d(p[0](x), 3, stride=2), nn.Conv2d(3, 4, 3, padding=1)),
    ),
    "mean pooling with an edge": lambda: (
        chain(same(), layers.AveragePooling2D(3, 2, padding="same")), conv(nn.AvgPool2d(3, 2, 1, count_include_pad=False), padding=1),
    ),
    "global mean, three times": lambda: (
        chain(same(), layers.GlobalAveragePooling2D(), layers.Dense(2)), conv(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2), padding=1),
    ),
    "global mean by a function": lambda: (
        chain(same(), layers.GlobalAveragePooling2D(), layers.Dense(2)),
        Calls(lambda p, x: p[1](p[0](x).mean((-1, -2))), nn.Conv2d(3, 4, 3, padding=1), nn.Linear(4, 2)),
    ),
    "global maximum": lambda: (chain(same(), layers.GlobalMaxPooling2D()), conv(nn.AdaptiveMaxPool2d(1), nn.Flatten(), padding=1)),
    "dropout by a function": lambda: (
        chain(same()), Calls(lambda p, x: F.dropout(p[0](x), 0.5, training=False), nn.Conv2d(3, 4, 3, padding=1)),
    ),
    "flatten by view": lambda: (
        chain(valid(), layers.Flatten(), layers.Dense(2)),
        Calls(lambda p, x: p[1]((y := p[0](x)).view(y.size(0), -1)), nn.Conv2d(3, 4, 3), nn.Linear(5 * 7 * 4, 2)),
    ),
    "what does nothing in inference": lambda: (
        chain(layers.GaussianNoise(1.0), layers.RandomFlip(), same(), layers.SpatialDropout2D(0.5)), conv(nn.Identity(), nn.Dropout2d(0.1), padding=1),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EQUAL)
def test_the_same_in_other_words_is_copied_and_agrees(name):
    ours, theirs = EQUAL[name]()
    shape = [side or 10 for side in ours.input_shape[1:]]
    x = np.random.default_rng(0).normal(size=(2, *shape)).astype(np.float32)
    copy_weights(ours, theirs)
    assert compare_outputs(ours, theirs, x).largest < 1e-5
    for weight in ours.weights:
        weight.assign(np.zeros(weight.shape))
    copy_weights(theirs, ours)
    assert compare_outputs(ours, theirs, x).largest < 1e-5
    assert theirs.eval()(torch.from_numpy(x.transpose(0, 3, 1, 2).copy())).abs().max() > 1e-3


def overwrites(parts, x):
    y = parts[0](x)
    return y.relu_() * y


class Decides(nn.Module):
    def forward(self, x):
        return x if x.sum() > 0 else -x


UNEQUAL = {
    r"unequal padding: \(0, 0, 0, 0\) and \(1, 1, 1, 1\) \(top, bottom, left, right\); make": lambda: (chain(valid()), conv(padding=1)),
    "unequal padding: same and .0, 0, 0, 0.": lambda: (chain(same()), conv()),
    "unequal padding: same and .1, 1, 1, 1. .*; make them equal": lambda: (chain(same(strides=2), shape=(8, 8, 3)), conv(stride=2, padding=1)),
    "unequal padding: .*and the size of the image is open": lambda: (chain(same(strides=2), shape=(None, None, 3)), conv(stride=2, padding=1)),
    "unequal padding_mode: zeros and reflect": lambda: (chain(same()), conv(padding=1, padding_mode="reflect")),
    "zero pad and conv": lambda: (chain(layers.ZeroPadding2D(1), same()), conv(padding=2)),
    "unequal kernel": lambda: (chain(same()), conv(kernel_size=5, padding=2)),
    "unequal dilation": lambda: (chain(same()), conv(dilation=2, padding=2)),
    "unequal groups": lambda: (chain(layers.Conv2D(3, 3)), nn.Sequential(nn.Conv2d(3, 3, 3, groups=3))),
    r"'conv2d.*' \(Conv2D\) and PyTorch's '1' \(MaxPool2d\) are different kinds of layers: relu and max pool": (
        lambda: (chain(same(activation="relu"), layers.MaxPooling2D()), conv(nn.MaxPool2d(2), padding=1))
    ),
    "relu and relu6": lambda: (chain(same(activation="relu")), conv(nn.ReLU6(), padding=1)),
    "unequal slope: 0.2 and 0.01": lambda: (chain(same(activation="leaky_relu")), conv(nn.LeakyReLU(), padding=1)),
    "unequal approximate": lambda: (chain(same(activation="gelu")), conv(nn.GELU("tanh"), padding=1)),
    "unequal axis": lambda: (chain(same(activation="softmax")), conv(nn.Softmax(-1), padding=1)),
    "is a function <lambda>, of which it cannot be proved": lambda: (chain(same(activation=lambda x: x * 2)), conv(nn.ReLU(), padding=1)),
    "is a Rescaling, of which it cannot be proved": lambda: (chain(layers.Rescaling(2.0), same()), conv(padding=1)),
    "PyTorch's '1' is a Hardtanh, of which it cannot be proved": lambda: (chain(same(activation="relu")), conv(nn.Hardtanh(), padding=1)),
    "PyTorch's 'sin' is a sin, of which it cannot": lambda: (
        chain(same(activation="relu")), Calls(lambda p, x: torch.sin(p[0](x)), nn.Conv2d(3, 4, 3, padding=1)),
    ),
    "PyTorch's 'dropout' is a dropout, of which it cannot": (  # it drops in inference, too
        lambda: (chain(same()), Calls(lambda p, x: F.dropout(p[0](x), 0.5), nn.Conv2d(3, 4, 3, padding=1)))
    ),
    "is a relu_ in place of what is used again, of which": lambda: (
        chain(same(3), layers.Activation("relu")), Calls(overwrites, nn.Conv2d(3, 3, 3, padding=1)),
    ),
    "PyTorch's 'size' is a size, of which it cannot": lambda: (
        chain(valid(), layers.Flatten(), layers.Dense(2)),
        Calls(lambda p, x: p[1]((y := p[0](x)).view(y.size(1), -1)), nn.Conv2d(3, 4, 3), nn.Linear(5 * 7 * 4, 2)),
    ),
    "is a Conv2D, whose weights cannot": lambda: (
        keras.Sequential([keras.Input((3, 7, 9)), layers.Conv2D(4, 3, data_format="channels_first")]), conv(),
    ),
    "unequal kernel: .2, 2. and .3, 3.": lambda: (chain(same(), layers.MaxPooling2D()), conv(nn.MaxPool2d(3, 2), padding=1)),
    "unequal stride: .2, 2. and .1, 1.": lambda: (chain(same(), layers.MaxPooling2D()), conv(nn.MaxPool2d(2, 1), padding=1)),
    "unequal ceil_mode: False and True": lambda: (chain(same(), layers.MaxPooling2D()), conv(nn.MaxPool2d(2, ceil_mode=True), padding=1)),
    "ceil_mode: False and True, and the size of the image is open": (
        lambda: (chain(same(), layers.MaxPooling2D(), shape=(None, None, 3)), conv(nn.MaxPool2d(2, ceil_mode=True), padding=1))
    ),
    "counts the zeros around the image": (
        lambda: (chain(same(), layers.AveragePooling2D(3, 2, padding="same")), conv(nn.AvgPool2d(3, 2, 1), padding=1))
    ),
    "max pool and mean pool": lambda: (chain(same(), layers.MaxPooling2D()), conv(nn.AvgPool2d(2), padding=1)),
    "unequal keeps_axes": lambda: (chain(same(), layers.GlobalAveragePooling2D()), conv(nn.AdaptiveAvgPool2d(1), padding=1)),
    "end with a flat image": lambda: (chain(same(), layers.Flatten()), conv(nn.Flatten(), padding=1)),
    "dense layers of images": lambda: (chain(layers.Dense(3), shape=(3, 3, 3)), nn.Sequential(nn.Linear(3, 3))),
    "no fixed list of steps": lambda: (chain(same()), conv(Decides(), padding=1)),
    "does not use PyTorch's 'parts.1.weight'": (
        lambda: (chain(same()), Calls(lambda p, x: p[0](x), nn.Conv2d(3, 4, 3, padding=1), nn.Linear(2, 2)))
    ),
}  # fmt: skip


@pytest.mark.parametrize("message", UNEQUAL)
def test_what_is_unequal_or_cannot_be_proved_is_refused(message):
    ours, theirs = UNEQUAL[message]()
    for source, target in ((ours, theirs), (theirs, ours)):
        with pytest.raises(ParityError, match=message):
            copy_weights(source, target)


class Shortcut(nn.Module):
    def __init__(self, turned=False, twice=False):
        super().__init__()
        self.last, self.first = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 3, padding=1)  # not in the order of their use
        self.turned, self.twice = turned, twice

    def forward(self, x):
        y = F.relu(self.first(x))
        x = y if self.twice else x
        return self.last(y + x if self.turned else x + y)


def keras_shortcut():
    x = images = keras.Input((5, 5, 3))
    y = layers.Conv2D(3, 3, padding="same", activation="relu")(x)
    return keras.Model(images, layers.Conv2D(3, 1)(layers.Add()([y, x])))


@pytest.mark.parametrize("turned", [False, True])
def test_branches_are_matched_as_they_run_and_not_as_they_were_built(turned):
    ours, theirs = keras_shortcut(), Shortcut(turned)
    copy_weights(ours, theirs)
    x = np.random.default_rng(0).normal(size=(2, 5, 5, 3)).astype(np.float32)
    assert compare_outputs(ours, theirs, x).largest < 1e-5


def test_another_wiring_is_refused():
    with pytest.raises(
        ParityError, match=r"\(Add\) and PyTorch's 'add' \(add\) get their inputs from different layers"
    ):
        copy_weights(keras_shortcut(), Shortcut(twice=True))


def test_a_layer_used_twice_is_no_two_layers():
    once, x = layers.Dense(3), keras.Input((3,))
    shared = keras.Model(x, once(once(x)))
    part = nn.Linear(3, 3)
    copy_weights(shared, nn.Sequential(part, part))
    with pytest.raises(ParityError, match="one network uses the layer twice, the other has two of them"):
        copy_weights(shared, nn.Sequential(part, nn.Linear(3, 3)))
    with pytest.raises(ParityError, match="one network uses the layer twice, the other has two of them"):
        copy_weights(chain(layers.Dense(3), layers.Dense(3), shape=(3,)), nn.Sequential(part, part))


class KerasClass(keras.Model):
    def __init__(self):
        super().__init__()
        self.last, self.first = layers.Dense(2), layers.Conv2D(4, 3, activation="relu")

    def call(self, x, training=False):
        return self.last(keras.ops.mean(self.first(x), (1, 2)))


def test_a_class_of_keras_is_read_once_it_knows_its_input():
    ours, theirs = (
        KerasClass(),
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)),
    )
    with pytest.raises(ParityError, match="does not know its input yet: call it once on a batch"):
        copy_weights(theirs, ours)
    x = np.random.default_rng(0).normal(size=(2, 5, 5, 3)).astype(np.float32)
    ours(x)
    copy_weights(theirs, ours)
    assert compare_outputs(ours, theirs, x).largest < 1e-5


def test_a_network_in_a_network_is_read_through():
    inner = chain(layers.Dense(4, activation="tanh"), layers.Dropout(0.5), shape=(3,))
    ours = chain(inner, layers.Dense(2), shape=(3,))
    theirs = nn.Sequential(nn.Sequential(nn.Linear(3, 4), nn.Tanh()), nn.Linear(4, 2))
    copy_weights(ours, theirs)
    assert compare_outputs(ours, theirs, np.eye(3, dtype=np.float32)).largest < 1e-5


def test_reading_a_keras_model_leaves_no_trace():
    ours = keras_shortcut()
    before = [(len(layer._inbound_nodes), len(layer._outbound_nodes)) for layer in ours.layers]
    copy_weights(ours, Shortcut())
    assert [(len(layer._inbound_nodes), len(layer._outbound_nodes)) for layer in ours.layers] == before
