import keras
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from course_lib.architectures.efficientnet_lite import STAGES
from course_lib.torch_nets.efficientnet_lite import (
    SamePad,
    efficientnet_lite0,
    efficientnet_lite1,
    efficientnet_lite2,
    feature_extractor,
)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return efficientnet_lite0().eval()


@pytest.fixture(scope="module")
def images():
    return torch.from_numpy(np.random.default_rng(0).normal(size=(2, 3, 64, 64)).astype(np.float32))


@pytest.mark.parametrize("kernel, stride", [(3, 2), (5, 2), (3, 3), (5, 1), (1, 2)])
@pytest.mark.parametrize("height, width", [(1, 2), (6, 7), (15, 16), (17, 13)])
def test_padding_is_that_of_keras(kernel, stride, height, width):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, height, width, 3)).astype(np.float32)
    filters = rng.normal(size=(kernel, kernel, 3, 4)).astype(np.float32)
    expected = keras.ops.convert_to_numpy(keras.ops.conv(x, filters, stride, padding="same"))

    padded = SamePad(kernel, stride)(torch.from_numpy(x).permute(0, 3, 1, 2))
    y = torch.nn.functional.conv2d(padded, torch.from_numpy(filters).permute(3, 2, 0, 1), stride=stride)
    assert y.shape[2:] == (-(-height // stride), -(-width // stride))
    assert_allclose(y.permute(0, 2, 3, 1), expected, rtol=1e-5, atol=1e-5)


def test_parameters_are_those_of_the_paper(model):
    """Tan and Le's authors give 4.7 million for Lite0; by hand from the table of stages it is the same."""
    count = 3 * 3 * 3 * 32 + 2 * 32  # stem, and a scale and a shift for each channel
    n_in = 32
    for kernel, _, expansion, n_out, n_blocks in STAGES:
        for _ in range(n_blocks):
            wide = expansion * n_in
            count += (n_in * wide + 2 * wide) * (expansion > 1) + (kernel**2 + 2) * wide + wide * n_out + 2 * n_out
            n_in = n_out
    count += n_in * 1280 + 2 * 1280 + 1280 * 1000 + 1000
    assert sum(p.numel() for p in model.parameters()) == count == 4_652_008
    assert sum(p.numel() for p in efficientnet_lite0(10).parameters()) == count - 1281 * 990


@pytest.mark.parametrize(
    "make, millions, published", [(efficientnet_lite1, 5.42, 5.4), (efficientnet_lite2, 6.09, 6.1)]
)
def test_the_larger_ones_have_the_parameters_that_the_authors_publish(make, millions, published):
    count = sum(p.numel() for p in make().parameters())
    assert round(count / 1e6, 2) == millions and round(count / 1e6, 1) == published


def test_the_extractor_of_a_deeper_network_knows_its_blocks():
    model = efficientnet_lite2(10).eval()
    assert feature_extractor(model, (20, 0))(torch.zeros(1, 3, 32, 32)).shape == (1, 352 + 16 + 1280)
    with pytest.raises(ValueError, match="no block 21: the blocks have the numbers 0 to 20"):
        feature_extractor(model, (21,))


@pytest.mark.parametrize("height, width", [(32, 32), (75, 40), (97, 96)])
def test_images_may_have_any_size(model, height, width):
    with torch.no_grad():
        assert model(torch.zeros(1, 3, height, width)).shape == (1, 1000)
        x = model.features.stem(torch.zeros(1, 3, height, width))
        for block in model.features.blocks[:11]:
            x = block(x)
    assert x.shape[2:] == (-(-height // 16), -(-width // 16))  # halved four times, each time rounded up


def test_features_are_the_means_of_what_the_blocks_give(model, images):
    seen = {}
    hooks = [
        model.features.blocks[number].register_forward_hook(lambda _, __, y, n=number: seen.update({n: y.mean((2, 3))}))
        for number in (0, 11, 14)
    ]
    with torch.no_grad():
        features = feature_extractor(model, (14, 0, 11))(images)
        logits = model(images)
    for hook in hooks:
        hook.remove()
    assert features.shape == (2, 192 + 16 + 192 + 1280)
    assert_array_equal(features[:, :-1280], torch.cat([seen[14], seen[0], seen[11]], 1))  # in the order asked for
    assert logits.abs().mean() > 0.1  # so that the next line can fail
    assert_allclose(model.classifier(features[:, -1280:]).detach(), logits, rtol=1e-4, atol=1e-5)


def test_the_extractor_shares_weights_and_keeps_modes(images):
    model = efficientnet_lite0(10)
    model.features.head.eval()
    extractor = feature_extractor(model, (3,))
    assert model.training and extractor.training and extractor.stem.training and not model.features.head.training
    ours, all_of_them = list(extractor.parameters()), list(model.parameters())
    assert len(ours) == len(all_of_them) - 2  # without the classifier's
    assert all(a is b for a, b in zip(ours, all_of_them, strict=False))


def test_every_parameter_learns(images):
    torch.manual_seed(0)
    model = efficientnet_lite0(10)
    torch.nn.functional.cross_entropy(model(images), torch.tensor([3, 7])).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_weights_start_as_the_authors_do(model):
    for layer in model.modules():
        if isinstance(layer, torch.nn.Conv2d) and layer.weight.numel() > 1000:
            n_out = 1 if layer.groups > 1 else layer.out_channels
            expected = (2 / (layer.kernel_size[0] ** 2 * n_out)) ** 0.5
            assert abs(layer.weight.std() / expected - 1) < 5 / (2 * layer.weight.numel()) ** 0.5


@pytest.mark.parametrize("block", [16, -1])
def test_an_unknown_block_is_named(model, block):
    with pytest.raises(ValueError, match=f"no block {block}: the blocks have the numbers 0 to 15"):
        feature_extractor(model, (11, block))
