"""Every network stands in two rooms: the same parameters, the same outputs, gradients and steps."""

import keras
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from course_lib import keras_nets, torch_nets  # noqa: F401
from course_lib.keras_nets import growing_cnn as k_growing
from course_lib.keras_nets import mini_vggnet as k_vggnet
from course_lib.keras_nets import mlp as k_mlp
from course_lib.keras_nets import mnist_cnn as k_mnist
from course_lib.keras_nets import small_cnn as k_small
from course_lib.keras_nets import vgg as k_vgg16
from course_lib.parity import compare_gradients, compare_outputs, compare_step, copy_weights
from course_lib.torch_nets import growing_cnn as t_growing
from course_lib.torch_nets import mini_vggnet as t_vggnet
from course_lib.torch_nets import mlp as t_mlp
from course_lib.torch_nets import mnist_cnn as t_mnist
from course_lib.torch_nets import small_cnn as t_small
from course_lib.torch_nets import vgg as t_vgg16

# name -> (Keras, PyTorch, shape of an example, trainable parameters, running statistics)
NETS = {
    "mlp": (k_mlp.mlp, t_mlp.mlp, (784,), 235_146, 0),
    "mlp of the PyTorch page": (
        lambda: k_mlp.mlp((128, 64)), lambda: t_mlp.mlp((128, 64)), (784,), 784 * 128 + 128 + 128 * 64 + 64 + 650, 0,
    ),
    "mnist_cnn": (lambda: k_mnist.mnist_cnn(dropout=False), lambda: t_mnist.mnist_cnn(dropout=False), (28, 28, 1), 1_199_882, 0),
    "small_cnn": (k_small.small_cnn, t_small.small_cnn, (32, 32, 3), 225_610, 0),
    "mini_vggnet": (
        lambda: k_vggnet.mini_vggnet(dropout=False), lambda: t_vggnet.mini_vggnet(dropout=False), (32, 32, 3), 2_169_770, 1_408,
    ),
    **{
        f"growing_cnn {step}": (
            lambda step=step: k_growing.growing_cnn(step, dropout=False),
            lambda step=step: t_growing.growing_cnn(step, dropout=False),
            (32, 32, 3), count, 896 * (step == 5),
        )
        for step, count in enumerate((1_060_138, 591_274, 550_570, 550_570, 552_362 - 896), 1)
    },
    "vgg16": (k_vgg16.vgg16, t_vgg16.vgg16, (32, 32, 3), 14_714_688 + 5_130, 0),
}  # fmt: skip
every_net = pytest.mark.parametrize("name", NETS)


@pytest.fixture(scope="module")
def both():
    """A network in both rooms, each with weights of its own, and a small batch."""
    built = {}

    def of(name):
        if name not in built:
            make_keras, make_torch, shape, *_ = NETS[name]
            keras.utils.set_random_seed(0)
            rng = np.random.default_rng(0)
            x, y = rng.normal(size=(6, *shape)).astype(np.float32), rng.integers(10, size=6)
            built[name] = make_keras(), make_torch(), x, y
        return built[name]

    return of


@every_net
def test_both_rooms_have_the_parameters_of_the_source(name, both):
    ours, theirs, *_ = both(name)
    *_, trainable, statistics = NETS[name]
    assert sum(int(np.prod(w.shape)) for w in ours.trainable_weights) == trainable
    assert sum(p.numel() for p in theirs.parameters()) == trainable
    assert ours.count_params() - trainable == statistics
    assert sum(b.numel() for n, b in theirs.named_buffers() if "num_batches" not in n) == statistics


def test_vgg16_has_the_convolutions_of_keras_applications():
    reference = keras.applications.VGG16(weights=None, include_top=False, input_shape=(32, 32, 3))
    base = keras.Sequential([keras.Input((32, 32, 3)), *k_vgg16.vgg16().layers[:-2]])
    assert reference.count_params() == base.count_params() == 14_714_688
    base.set_weights(reference.get_weights())
    x = np.random.default_rng(0).normal(size=(1, 32, 32, 3)).astype(np.float32)
    assert_allclose(base(x), reference(x), rtol=1e-5, atol=1e-6)


@every_net
def test_outputs_gradients_and_a_step_are_the_same(name, both):
    ours, theirs, x, y = both(name)
    assert compare_outputs(ours, theirs, x).largest > 1e-2  # before, they differ
    copy_weights(ours, theirs)
    assert compare_outputs(ours, theirs, x).largest < 1e-4
    gradients = compare_gradients(ours, theirs, x, y)
    assert gradients.largest < 1e-3, gradients
    copy_weights(theirs, ours)  # batch norm has moved; now both start from the same
    step = compare_step(
        ours, theirs, x, y, keras.optimizers.SGD(0.01, momentum=0.9), torch.optim.SGD(theirs.parameters(), 0.01, 0.9)
    )
    assert step.largest < 2e-3, step  # biases start at zero, so theirs is the error of a gradient


@every_net
def test_weights_start_alike(name, both):
    """What is drawn differs; how it is distributed does not."""
    make_keras, make_torch, *_ = NETS[name]
    keras.utils.set_random_seed(1)
    ours = [w.numpy() for w in make_keras().trainable_weights if len(w.shape) > 1]
    theirs = [p.detach().numpy() for p in make_torch().parameters() if p.ndim > 1]
    for a, b in zip(ours, theirs, strict=True):
        assert abs(a.std() / b.std() - 1) < 6 / a.size**0.5
        assert (
            np.abs(a).max() < 2 * a.std() and np.abs(b).max() < 2 * b.std()
        )  # uniform: the largest is 1.73 deviations


def test_dropout_is_there_unless_it_is_switched_off():
    for make_keras, make_torch in (
        (k_mnist.mnist_cnn, t_mnist.mnist_cnn),
        (k_vggnet.mini_vggnet, t_vggnet.mini_vggnet),
    ):
        rates = [layer.rate for layer in make_keras().layers if isinstance(layer, keras.layers.Dropout)]
        assert rates == [m.p for m in make_torch().modules() if isinstance(m, torch.nn.Dropout)] and min(rates) > 0
    for step in (4, 5):
        rates = [layer.rate for layer in k_growing.growing_cnn(step).layers if isinstance(layer, keras.layers.Dropout)]
        assert rates == [m.p for m in t_growing.growing_cnn(step).modules() if isinstance(m, torch.nn.Dropout)]
        assert len(rates) == 3


@pytest.mark.parametrize("make", [k_growing.growing_cnn, t_growing.growing_cnn])
def test_a_step_that_is_not_there(make):
    with pytest.raises(ValueError, match="there is no step 6: the steps are 1 to 5"):
        make(6)


@pytest.mark.parametrize("make", [k_vgg16.vgg16, t_vgg16.vgg16])
def test_an_image_too_small_for_vgg16(make):
    with pytest.raises(ValueError, match="size is 32 or more, not 16"):
        make(size=16)
