"""The same table for the same network, whichever framework it is written in, and however."""

import keras
import pytest
import torch
from keras import layers
from torch import nn
from torch.nn import functional as F

from course_lib.graphs.graph import GraphError
from course_lib.graphs.layers import Layer
from course_lib.graphs.summary import summary

TABLE = """\
name          layer                    output   parameters  trainable
input         input                    9, 7, 3           0          0
conv 1        conv 3x3, relu           9, 7, 4         112        112
batch norm 1  batch norm               9, 7, 4          16          8
conv 2        depthwise 3x3, stride 2  4, 3, 4          40         40
max pool 1    max pool 2x2             2, 1, 4           0          0
flatten 1     flatten                  8                 0          0
dropout 1     dropout 0.5              8                 0          0
dense 1       dense, softmax           900           8,100      8,100
total                                                8,268      8,260
Outputs are (height, width, channels) of one example."""


class Module(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(8, 900)  # built in another order than it is used
        self.convs = nn.ModuleList([nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, 2, groups=4)])
        self.norm, self.dropout = nn.BatchNorm2d(4), nn.Dropout(0.5)

    def forward(self, x):
        x = F.max_pool2d(self.convs[1](self.norm(F.relu(self.convs[0](x)))), 2)
        return self.dense(self.dropout(x.flatten(1))).softmax(1)


def chain():
    return keras.Sequential([
        keras.Input((9, 7, 3)), layers.Conv2D(4, 3, padding="same", activation="relu"), layers.BatchNormalization(),
        layers.DepthwiseConv2D(3, 2), layers.MaxPooling2D(), layers.Flatten(), layers.Dropout(0.5),
        layers.Dense(900, activation="softmax"),
    ])  # fmt: skip


def test_the_table_is_the_same_in_both():
    assert str(summary(chain())) == str(summary(Module(), (9, 7, 3))) == TABLE


def test_summing_up_changes_nothing():
    model = Module().train()
    model.norm.eval()
    torch.manual_seed(0)
    state, before = torch.get_rng_state(), {name: value.clone() for name, value in model.state_dict().items()}
    summary(model, (9, 7, 3))
    assert model.training and not model.norm.training and torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_frozen_layers_are_not_trainable():
    ours, theirs = chain(), Module()
    ours.layers[0].trainable = False
    theirs.convs[0].requires_grad_(False)
    assert summary(ours).trainable == summary(theirs, (9, 7, 3)).trainable == 8_260 - 112
    assert summary(ours).parameters == 8_268


def test_a_layer_used_twice_is_counted_once():
    part = nn.Linear(4, 4)
    found = summary(nn.Sequential(part, nn.ReLU(), part), (4,))
    assert [layer.parameters for layer in found.layers] == [0, 20, 0] and found.parameters == 20


def test_what_is_not_known_has_its_own_name_and_its_weights_count():
    found = summary(nn.Sequential(nn.Linear(4, 4), nn.PReLU(), nn.LayerNorm(4)), (4,))
    assert [layer.kind for layer in found.layers] == ["input", "dense", "PReLU", "LayerNorm"]
    assert found.parameters == 20 + 1 + 8
    inputs = keras.Sequential([keras.Input((5, 2)), layers.LSTM(3)])
    assert summary(inputs).layers[-1].kind == "LSTM" and summary(inputs).parameters == inputs.count_params()


def test_the_size_of_the_image_may_be_open_in_keras_and_be_given():
    model = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(4, 3), layers.GlobalAveragePooling2D()])
    assert "?, ?, 4" in str(summary(model))
    assert summary(model, (8, 6, 3)).layers[1] == Layer(
        "conv", (6, 4, 4), (3, 3), name="conv 1", parameters=112, trainable=112
    )


def test_words_of_a_layer():
    words = [Layer("conv", (4, 4, 8), (3, 5), (2, 1), groups=2).what, Layer("max pool", (2, 2, 8), (3, 3), (2, 2)).what]
    assert words == ["conv 3x5, 2 groups, stride 2x1", "max pool 3x3, stride 2"]
    assert Layer("mean pool", (2, 2, 8), (2, 2), (2, 2)).what == "mean pool 2x2"


def test_no_network_and_no_shape():
    with pytest.raises(TypeError, match="a network is a keras.Model or a torch.nn.Module, and this is a int"):
        summary(3)
    with pytest.raises(GraphError, match="give the shape of one example, channels last"):
        summary(nn.Linear(2, 2))
