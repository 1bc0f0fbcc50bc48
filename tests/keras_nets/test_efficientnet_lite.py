import keras
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from course_lib.architectures.efficientnet_lite import LITE0, LITE1, LITE2
from course_lib.keras_nets.efficientnet_lite import efficientnet_lite0, efficientnet_lite2, feature_extractor
from course_lib.torch_nets import efficientnet_lite as torch_net


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return efficientnet_lite0()


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).normal(size=(2, 64, 64, 3)).astype(np.float32)


def run(network, images):
    return keras.ops.convert_to_numpy(network(images, training=False))


@pytest.mark.parametrize("lite, big", [(LITE1, "EfficientNetB1"), (LITE2, "EfficientNetB2")])
def test_lite1_and_lite2_grow_as_b1_and_b2_do(lite, big):
    """But their first and last stage have one block, as in Lite0, where B1 and B2 have two."""
    reference = getattr(keras.applications, big)(weights=None, include_top=False)
    filters = {layer.name: layer for layer in reference.layers}
    blocks = [name.removesuffix("_project_conv") for name in filters if name.endswith("_project_conv")]
    first, last = blocks.index("block1b"), blocks.index("block7b")
    blocks = [name for number, name in enumerate(blocks) if number not in (first, last)]
    assert [block.channels for block in lite.blocks] == [filters[f"{name}_project_conv"].filters for name in blocks]
    for name, block in zip(blocks, lite.blocks, strict=True):
        depthwise = filters[f"{name}_dwconv"]
        assert (depthwise.kernel_size[0], depthwise.strides[0]) == (block.kernel, block.stride), name


def test_the_extractor_of_a_deeper_network_knows_its_blocks():
    model = efficientnet_lite2(10)
    assert feature_extractor(model, (20, 0)).output.shape == (None, 352 + 16 + 1280)
    with pytest.raises(ValueError, match="no block 21: the blocks have the numbers 0 to 20"):
        feature_extractor(model, (21,))


def block_shapes(network, blocks):
    """The output shapes of layers for an image of 224 by 224."""
    outputs = [network.get_layer(name).output for name in blocks]
    spec = keras.Model(network.input, outputs).compute_output_shape((None, 224, 224, 3))
    return [tuple(shape) for shape in spec]


def test_parameters_are_those_of_pytorch_and_of_the_paper(model):
    trainable = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    assert trainable == sum(p.numel() for p in torch_net.efficientnet_lite0().parameters())
    assert round(trainable / 1e6, 1) == 4.7
    assert model.count_params() - trainable == 42_016


def test_blocks_have_the_shapes_of_keras_efficientnet_b0(model):
    """Lite0 is B0 without squeeze-and-excitation: the same channels at the same resolutions."""
    reference = keras.applications.EfficientNetB0(weights=None, include_top=False)
    b0 = [layer.name for layer in reference.layers if layer.name.endswith("_project_bn")]
    ours = [f"block_{number}_project_bn" for number in range(len(LITE0.blocks))]
    assert len(b0) == 16
    assert block_shapes(model, ours) == block_shapes(reference, b0)
    kernels = [layer.kernel_size for layer in model.layers if isinstance(layer, keras.layers.DepthwiseConv2D)]
    assert kernels == [
        layer.kernel_size for layer in reference.layers if isinstance(layer, keras.layers.DepthwiseConv2D)
    ]


@pytest.mark.parametrize("height, width", [(32, 32), (75, 40)])
def test_images_may_have_any_size(model, height, width):
    assert run(model, np.zeros((1, height, width, 3), np.float32)).shape == (1, 1000)


def test_features_are_the_means_of_what_the_blocks_give(model, images):
    ends = ("block_14_skip", "block_0_project_bn", "block_11_project_bn")
    inner = keras.Model(model.input, [model.get_layer(end).output for end in ends])
    seen = [keras.ops.convert_to_numpy(y).mean((1, 2)) for y in inner(images, training=False)]
    features = run(feature_extractor(model, (14, 0, 11)), images)
    assert features.shape == (2, 192 + 16 + 192 + 1280)
    assert_allclose(features[:, :-1280], np.concatenate(seen, 1), rtol=1e-5, atol=1e-6)  # in the order asked for
    logits = run(model, images)
    assert abs(logits).mean() > 0.1  # so that the next line can fail
    assert_allclose(run(model.get_layer("classifier"), features[:, -1280:]), logits, rtol=1e-4, atol=1e-5)
    assert run(feature_extractor(model), images).shape == (2, 1280)


def test_the_extractor_shares_weights(model):
    ours, all_of_them = feature_extractor(model, (3,)).weights, model.weights
    assert {w.path for w in ours} == {w.path for w in all_of_them} - {"classifier/kernel", "classifier/bias"}
    assert {id(w) for w in ours} < {id(w) for w in all_of_them}


def test_weights_start_as_in_pytorch(model):
    """What is drawn differs; how it is distributed does not."""
    convs = [layer for layer in torch_net.efficientnet_lite0().modules() if isinstance(layer, torch.nn.Conv2d)]
    kernels = [
        layer.kernel for layer in model.layers if isinstance(layer, (keras.layers.Conv2D, keras.layers.DepthwiseConv2D))
    ]
    for conv, kernel in zip(convs, kernels, strict=True):
        n = conv.weight.numel()
        ratio = float(conv.weight.std()) / float(keras.ops.std(kernel))
        assert n < 1000 or abs(ratio - 1) < 7 / (2 * n) ** 0.5


@pytest.mark.parametrize("block", [16, -1])
def test_an_unknown_block_is_named(model, block):
    with pytest.raises(ValueError, match=f"no block {block}: the blocks have the numbers 0 to 15"):
        feature_extractor(model, (11, block))
