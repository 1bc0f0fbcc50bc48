"""Networks that paint in one pass: what ONNX Runtime makes of the published files is what ours paint."""

from pathlib import Path

import numpy as np
import pytest
import skimage
from numpy.testing import assert_allclose, assert_array_equal

from course_lib.pretrained.stylisation import as_inputs, load_styliser, run

pytestmark = pytest.mark.usefixtures("weights")


@pytest.fixture(scope="module")
def reference():
    """Written by make_stylised.py; pictures are rounded to half precision, 2.5e-4."""
    with np.load(Path(__file__).with_name("stylised.npz")) as archive:
        return dict(archive)


@pytest.fixture(scope="module")
def of_26():
    return load_styliser("stylise_26")


@pytest.fixture(scope="module")
def of_any():
    return load_styliser("stylise_any")


@pytest.fixture(scope="module")
def photo():
    return skimage.data.chelsea()[100:164, 200:280]


@pytest.fixture(scope="module")
def picture():
    return skimage.data.retina()[300:556, 300:556]


def pixels(network, photo, code):
    return run(network, as_inputs(photo), code[None])[0].transpose(1, 2, 0)


def test_the_26_styles_are_those_of_the_published_graph(of_26, photo, reference):
    assert_allclose(pixels(of_26.model, photo, of_26.code(7)), reference["style_7"], atol=3e-4)


def test_any_style_is_that_of_the_published_graph(of_any, photo, picture, reference):
    code = of_any.code(picture)
    assert_allclose(code, reference["code"], atol=1e-4)
    assert_allclose(pixels(of_any.model, photo, code), reference["any"], atol=3e-4)


def test_eight_bit_arithmetic_would_change_little(of_any, photo, picture, reference):
    """The published graph also rounds between its layers, for processors without floating point."""
    code = of_any.code(picture)
    assert 0 < np.abs(code - reference["rounded_code"]).max() < 0.05
    assert 0 < np.abs(pixels(of_any.model, photo, code) - reference["rounded_any"]).mean() < 0.03


def test_paintings_keep_the_size_and_take_the_colours_of_the_style(of_any, picture):
    photos = [skimage.data.chelsea()[:101, :131], skimage.data.astronaut()[::8, ::8]]
    paintings = of_any.paint(photos, of_any.code(picture))
    for photo, painting in zip(photos, paintings, strict=True):
        assert painting.shape == photo.shape and painting.dtype == np.uint8
        assert distance(colours(painting), colours(picture)) < 0.6 * distance(colours(photo), colours(picture))
        edges = [skimage.filters.sobel(skimage.color.rgb2gray(image)).ravel() for image in (photo, painting)]
        assert np.corrcoef(*edges)[0, 1] > 0.3  # and it still shows the same thing


def colours(image):
    return np.concatenate([image.mean((0, 1)), image.std((0, 1))])


def distance(a, b):
    return float(np.linalg.norm(a - b))


def test_every_one_of_the_26_styles_is_another(of_26, photo):
    paintings = np.array([of_26.paint([photo], of_26.code(number))[0] for number in range(26)], float)
    apart = np.abs(paintings[:, None] - paintings[None]).mean((2, 3, 4)) + 255 * np.eye(26)
    assert apart.min() > 5
    assert np.abs(paintings - photo).mean((1, 2, 3)).min() > 10


def test_a_mean_of_two_codes_is_a_style_between_them(of_26, photo):
    one, other = of_26.code(3), of_26.code(12)
    (a,), (b,), (between,) = (of_26.paint([photo], code) for code in (one, other, (one + other) / 2))
    a, b, between = a.astype(float), b.astype(float), between.astype(float)
    assert max(np.abs(between - a).mean(), np.abs(between - b).mean()) < np.abs(a - b).mean()


def test_a_batch_is_painted_as_each_photograph_is(of_any, photo, picture):
    code = of_any.code(picture)
    other = np.ascontiguousarray(photo[::-1])
    assert_array_equal(of_any.paint([photo, other], code)[1], of_any.paint([other], code)[0])


def test_what_cannot_be_painted_is_said(of_26, of_any, photo):
    for wrong in (26, -1, 1.5, photo):
        with pytest.raises(ValueError, match="stylise_26 has the styles 0 to 25"):
            of_26.code(wrong)
    with pytest.raises(ValueError, match="stylise_any has no numbered styles: give a picture"):
        of_any.code(3)
    with pytest.raises(ValueError, match="a style of stylise_any is 100 numbers, not an array \\(26,\\)"):
        of_any.paint([photo], of_26.code(3))
    with pytest.raises(ValueError, match="from 32 pixels on, not uint8 \\(31, 80, 3\\)"):
        of_26.paint([photo[:31]], of_26.code(3))
    with pytest.raises(ValueError, match="unknown network 'stylise_27': choose 'stylise_26' or 'stylise_any'"):
        load_styliser("stylise_27")
