"""VGG19's convolutions, out of eight bits: what is known of them, and what they see in photographs."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from course_lib.pretrained import load_backbone
from course_lib.pretrained.vgg import decoded

pytestmark = pytest.mark.usefixtures("weights")


@pytest.fixture(scope="module")
def backbone():
    return load_backbone("torch", "vgg19")


def maps(backbone, images, size=128) -> dict[str, torch.Tensor]:
    """The output of every layer by its name."""
    x, found = torch.from_numpy(backbone.preprocess(images, size)), {}
    with torch.no_grad():
        for name, layer in backbone.model.named_children():
            found[name] = x = layer(x)
    return found


def gram(features: torch.Tensor) -> torch.Tensor:
    """(channels, height, width) -> (channels, channels): which channels fire together, wherever they do."""
    rows = features.flatten(1)
    return rows @ rows.T / rows.shape[1]


def test_it_has_the_parameters_of_the_paper(backbone):
    arrays = [array for name, array in backbone.model.named_parameters() if name.endswith("weight")]
    assert len(arrays) == 16
    assert sum(array.numel() for array in backbone.model.parameters()) == 20_024_384
    assert all(len(array.unique()) <= 256 for array in arrays)  # a byte each
    assert all(len(array.unique()) > 200 for array in arrays)


def test_the_code_is_read_as_it_was_written():
    table, numbers = torch.arange(256) / 7, torch.randint(0, 256, (4, 3, 3, 3), dtype=torch.uint8)
    coded = {"block2_conv1_W_table": table, "block2_conv1_W_q": numbers, "block2_conv1_b": torch.ones(4)}
    arrays = decoded(coded)
    assert list(arrays) == ["conv2_1.weight", "conv2_1.bias"]
    assert torch.equal(arrays["conv2_1.weight"], numbers.float() / 7)


def test_pixels_are_bgr_around_the_mean_of_imagenet(backbone):
    red = np.zeros((1, 8, 8, 3), np.uint8)
    red[..., 0] = 255
    assert_allclose(backbone.preprocess(red, 4)[0, :, 0, 0], [-103.939, -116.779, 255 - 123.68], rtol=1e-6)


def test_both_frameworks_say_the_same(backbone, photos):
    twin = load_backbone("keras", "vgg19")
    features = backbone.features(photos, 128)
    assert features.shape == (3, 512) and features.max() > 10
    assert_allclose(features, twin.features(photos, 128), atol=1e-4 * features.max())
    assert [layer.name for layer in twin.model.layers][:4] == ["conv1_1", "conv1_2", "pool1", "conv2_1"]


def test_deep_layers_see_things_and_ignore_where_they_are(backbone, photos):
    """A photograph is like its own mirror image and unlike the others; with random weights all are alike."""
    mirrored = [photo[:, ::-1] for photo in photos]
    features = backbone.features([*photos, *mirrored], 128)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    likeness = features @ features.T
    same, others = np.diag(likeness[:3, 3:]), likeness[:3, :3][np.triu_indices(3, 1)]
    assert same.min() > 0.9 and others.max() < 0.3


def test_activations_grow_sparse_towards_the_end(backbone, photos):
    """About half of the first ReLU's outputs are zero, nine tenths of the last one's."""
    found = maps(backbone, photos)
    zeros = {name: float((found[name] == 0).float().mean()) for name in ("relu1_1", "relu5_4")}
    assert 0.3 < zeros["relu1_1"] < 0.6 and zeros["relu5_4"] > 0.85


def test_the_gram_matrix_is_of_the_style_and_not_of_the_picture(backbone, photos):
    """Gatys et al. (2016): mirroring a picture changes its features a lot and its Gram matrix little."""
    cat, coffee, mirrored = maps(backbone, [photos[0], photos[1], np.ascontiguousarray(photos[0][:, ::-1])])["relu2_1"]

    def far(a, b):
        return float((a - b).norm() / a.norm())

    assert far(cat, mirrored) > 0.5
    assert far(gram(cat), gram(mirrored)) < 0.15 < 0.5 < far(gram(cat), gram(coffee))


def test_it_has_neither_classes_nor_blocks(backbone, photos):
    with pytest.raises(ValueError, match="vgg19 was loaded without its classifier"):
        backbone.probabilities(photos)
    with pytest.raises(ValueError, match="vgg19 has no `blocks`"):
        backbone.features(photos, 64, (3,))
