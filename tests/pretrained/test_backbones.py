"""Backbones with ImageNet's weights: right answers on real photographs, equal in both frameworks, clear errors."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from course_lib import pretrained
from course_lib.parity import compare_outputs, copy_weights
from course_lib.pretrained import WeightsError, class_names, load_backbone, resize, top_classes
from course_lib.pretrained.needed import needed_for
from course_lib.weights import find

pytestmark = pytest.mark.usefixtures("weights")
FRAMEWORKS = ("torch", "keras")
LITES = ("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2")


@pytest.fixture(scope="module")
def backbones():
    return {framework: load_backbone(framework) for framework in FRAMEWORKS}


@pytest.fixture(scope="module", params=LITES)
def pair(request, backbones):
    """The same network in both frameworks."""
    if request.param == pretrained.LITE0:
        return backbones
    return {framework: load_backbone(framework, request.param) for framework in FRAMEWORKS}


def test_photographs_are_recognised_by_both_with_the_same_probabilities(pair, photos):
    probabilities = {framework: pair[framework].probabilities(photos) for framework in FRAMEWORKS}
    assert_allclose(probabilities["torch"], probabilities["keras"], atol=1e-4)
    assert probabilities["torch"].shape == (3, 1000)
    assert_allclose(probabilities["torch"].sum(1), 1, rtol=1e-5)
    names = [[name for name, _ in best] for best in top_classes(probabilities["torch"])]
    assert {"tabby", "tiger cat", "Egyptian cat"} >= set(names[0][:2])
    assert "espresso" in names[1][:2] and "tripod" in names[2]


def test_each_network_has_the_size_of_its_authors_images(pair):
    size = {"efficientnet_lite0": 224, "efficientnet_lite1": 240, "efficientnet_lite2": 260}[pair["torch"].name]
    black = np.zeros((1, 300, 400, 3), np.uint8)
    assert pair["torch"].preprocess(black).shape == (1, 3, size, size)
    assert pair["keras"].preprocess(black).shape == (1, size, size, 3)


def test_weights_go_back_to_pytorch_unchanged(pair, photos):
    """`parity` brought them to Keras; a PyTorch network with other weights gets the same ones from there."""
    empty = getattr(__import__("course_lib.torch_nets.efficientnet_lite", fromlist=[""]), pair["torch"].name)().eval()
    copy_weights(pair["keras"].model, empty)
    for name, array in pair["torch"].model.state_dict().items():
        if array.ndim > 0:  # not: batches counted
            assert torch.equal(array, empty.state_dict()[name]), name
    assert compare_outputs(pair["keras"].model, empty, pair["keras"].preprocess(photos, 96)).largest < 1e-4


def test_features_are_the_same_in_both(backbones, photos):
    for size, blocks in ((96, ()), (64, (11, 14))):
        features = [backbones[framework].features(photos, size, blocks) for framework in FRAMEWORKS]
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
    black = backbones["keras"].preprocess(np.zeros((2, 9, 9, 3), np.uint8))
    assert black.shape == (2, 224, 224, 3) and np.all(black == -127 / 128)


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
    (tmp_path / "efficientnet_lite0.pth").write_bytes(b"not the weights")
    monkeypatch.setattr(find, "CHECKOUT", tmp_path)
    monkeypatch.delenv("COURSE_DATA", raising=False)
    with pytest.raises(WeightsError, match="efficientnet_lite0.pth is damaged or another version.*run make setup"):
        load_backbone("torch")


def test_missing_weights_are_said_with_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(find, "CHECKOUT", tmp_path)
    monkeypatch.delenv("COURSE_DATA", raising=False)
    with pytest.raises(
        WeightsError, match="weights/vgg19_convolutions_8bit.pt is missing: in a checkout run make setup"
    ):
        load_backbone("keras", "vgg19")


def test_a_missing_package_is_named_as_pip_knows_it():
    with pytest.raises(ImportError, match="X needs the package no-such-package, which is not here"), needed_for("X"):
        import no_such_package  # noqa: F401


def test_a_network_of_keras_applications_through_the_same_call(tmp_path):
    keras.utils.set_random_seed(0)
    options = {"alpha": 0.35, "include_top": False, "input_shape": (96, 96, 3), "pooling": "avg"}
    own = keras.applications.MobileNetV2(weights=None, **options)
    own.save_weights(tmp_path / "small.weights.h5")
    backbone = load_backbone("keras", "MobileNetV2", weights=tmp_path / "small.weights.h5", **options)
    images = np.random.default_rng(0).integers(0, 256, (2, 96, 96, 3), dtype=np.uint8)
    expected = own(keras.applications.mobilenet_v2.preprocess_input(images.astype(np.float32)), training=False)
    assert_allclose(backbone.features(images), expected, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="loaded without its classifier"):
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
        (
            ("torch", "MobileNetV2"),
            "in PyTorch there is efficientnet_lite0, efficientnet_lite1, efficientnet_lite2, vgg19; for",
        ),
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
