"""Every network stands in two rooms: the same parameters, the same outputs, gradients and steps. See `course_lib.nets`."""

import ast
import inspect
import math
from pathlib import Path

import keras
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from course_lib.architectures import growing_cnn, vgg
from course_lib.graphs.summary import summary
from course_lib.keras_nets import growing_cnn as k_growing
from course_lib.keras_nets import vgg as k_vgg
from course_lib.nets import BUILDERS, NETS
from course_lib.parity import compare_gradients, compare_outputs, compare_step, copy_weights
from course_lib.torch_nets import growing_cnn as t_growing
from course_lib.torch_nets import vgg as t_vgg

ROOT = Path(__file__).resolve().parents[1]
N = 4  # examples
ROOMS = {"keras": ROOT / "course_lib/keras_nets", "torch": ROOT / "course_lib/torch_nets"}


def certain(net):
    """The arguments without which dropout would draw differently in the two."""
    return {"dropout": 0} if "dropout" in inspect.signature(BUILDERS["torch"]()[net.builder]).parameters else {}


@pytest.fixture(scope="module", params=NETS)
def net(request):
    return NETS[request.param]


@pytest.fixture(scope="module")
def both(net):
    """The network in both rooms, each with weights of its own, and a small batch; in double precision, to prove it."""
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(N, *net.shape)), rng.integers(10, size=N)
    try:
        yield (
            net.build("keras", n_classes=10, **certain(net)),
            net.build("torch", n_classes=10, **certain(net)).double(),
            x,
            y,
        )
    finally:
        keras.config.set_floatx("float32")
        keras.config.set_dtype_policy("float32")


@pytest.fixture(scope="module")
def built(net):
    """The network as it is, in both rooms."""
    keras.utils.set_random_seed(1)
    torch.manual_seed(1)
    return net.build("keras"), net.build("torch")


def test_both_rooms_have_the_parameters_of_the_source(net, built):
    ours, theirs = built
    assert sum(math.prod(weight.shape) for weight in ours.trainable_weights) == net.parameters
    assert sum(parameter.numel() for parameter in theirs.parameters()) == net.parameters
    assert ours.count_params() - net.parameters == net.statistics
    assert sum(b.numel() for n, b in theirs.named_buffers() if "num_batches" not in n) == net.statistics


def test_the_output_has_one_logit_for_each_class(both):
    ours, theirs, x, _ = both
    images = torch.from_numpy(x.transpose(0, 3, 1, 2).copy() if x.ndim == 4 else x)
    assert ours(x).shape == theirs(images).shape == (N, 10)


def test_outputs_gradients_and_a_step_are_the_same(both):
    ours, theirs, x, y = both
    assert compare_outputs(ours, theirs, x).largest > 1e-2  # before, they differ
    copy_weights(ours, theirs)
    assert compare_outputs(ours, theirs, x).largest < 1e-9
    gradients = compare_gradients(ours, theirs, x, y)
    assert gradients.largest < 1e-6, gradients
    step = compare_step(
        ours, theirs, x, y, keras.optimizers.SGD(0.01, momentum=0.9), torch.optim.SGD(theirs.parameters(), 0.01, 0.9)
    )
    assert step.largest < 1e-6, step
    for weight in ours.weights:
        weight.assign(np.zeros(weight.shape))
    copy_weights(theirs, ours)
    assert compare_outputs(ours, theirs, x).largest < 1e-9


def test_weights_start_alike(built):
    """What is drawn differs; how it is distributed does not: its width, and its form, by the fourth moment."""
    ours = [w.numpy() for w in built[0].trainable_weights if len(w.shape) > 1]
    theirs = [p.detach().numpy() for p in built[1].parameters() if p.ndim > 1]
    for a, b in zip(ours, theirs, strict=True):
        assert abs(a.std() / b.std() - 1) < 6 / a.size**0.5
        fourth = [np.mean((each / each.std()) ** 4) for each in (a, b)]  # 1.8 where it is uniform, 3 where normal
        assert abs(fourth[0] - fourth[1]) < 40 / a.size**0.5


def test_dropout_is_the_same_and_can_be_switched_off(built, both):
    for (ours, theirs), off in ((built, False), (both[:2], True)):
        rates = [layer.rate for layer in ours.layers if isinstance(layer, keras.layers.Dropout)]
        assert rates == [module.p for module in theirs.modules() if isinstance(module, torch.nn.Dropout)]
        assert not any(rates) if off else all(rates)


def test_the_summary_is_the_same_table(net, built):
    ours, theirs = (summary(model, net.shape) for model in built)
    assert str(ours) == str(theirs) and ours == theirs
    assert (ours.parameters, ours.trainable) == (net.parameters + net.statistics, net.parameters)
    assert ours.layers[0].shape == net.shape and ours.layers[-1].shape[0] in (10, 1000)


def test_the_page_that_introduces_it_exists(net):
    assert (ROOT / "lectures" / f"{net.page}.md").is_file()
    assert net.table.__name__.startswith("course_lib.architectures.")


def builders_in(folder: Path) -> set[str]:
    """Functions of a room that build a network: they choose the number of classes themselves."""
    found = set()
    for path in folder.glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                named = node.args.args[len(node.args.args) - len(node.args.defaults) :]
                found |= {node.name} if "n_classes" in [argument.arg for argument in named] else set()
    return found


@pytest.mark.parametrize("framework", ROOMS)
def test_every_builder_is_registered(framework):
    assert builders_in(ROOMS[framework]) == set(BUILDERS[framework]()) == {net.builder for net in NETS.values()}


def tables_read_in(folder: Path) -> set[str]:
    nodes = [node for path in folder.glob("*.py") for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    return {
        str(node.module) for node in nodes if isinstance(node, ast.ImportFrom) and "architectures" in str(node.module)
    }


def test_every_table_that_both_rooms_read_is_registered():
    tables = tables_read_in(ROOMS["keras"]) & tables_read_in(ROOMS["torch"])
    assert tables == {net.table.__name__ for net in NETS.values()} and len(tables) >= 7


def test_old_places_still_give_the_same_builder():
    from course_lib.keras_nets import vgg16 as old_keras
    from course_lib.torch_nets import vgg16 as old_torch

    assert (old_keras.vgg16, old_torch.vgg16) == (k_vgg.vgg16, t_vgg.vgg16)


@pytest.mark.parametrize("n_layers", [16, 19])
def test_vgg_has_the_convolutions_of_keras_applications(n_layers):
    reference = getattr(keras.applications, f"VGG{n_layers}")(weights=None, include_top=False, input_shape=(32, 32, 3))
    base = keras.Sequential([keras.Input((32, 32, 3)), *k_vgg.vgg(n_layers).layers[:-2]])
    assert reference.count_params() == base.count_params() == NETS[f"vgg{n_layers}"].parameters - 5_130
    base.set_weights(reference.get_weights())
    x = np.random.default_rng(0).normal(size=(1, 32, 32, 3)).astype(np.float32)
    assert_allclose(base(x), reference(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("make", [k_growing.growing_cnn, t_growing.growing_cnn])
def test_a_step_that_is_not_there(make):
    with pytest.raises(ValueError, match="there is no step 6: the steps are 1 to 5"):
        make(max(growing_cnn.STEPS) + 1)


@pytest.mark.parametrize("room", [k_vgg, t_vgg])
def test_a_vgg_that_is_not_there_and_an_image_too_small(room):
    with pytest.raises(ValueError, match="there is no VGG with 13 layers: there are 11, 16, 19"):
        room.vgg(13)
    with pytest.raises(ValueError, match="size is 32 or more, not 16"):
        room.vgg16(size=16)
    assert set(vgg.CONFIGURATIONS) == {11, 16, 19}
