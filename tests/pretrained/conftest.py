"""Photographs everybody has, and the weights that the set-up has fetched."""

import os

import numpy as np
import pytest
import skimage

from course_lib.weights.catalogue import FILES
from course_lib.weights.find import read
from course_lib.weights.record import WeightsError


@pytest.fixture(scope="session")
def weights():
    """Where a file is missing, a test that needs it is skipped; under CI, where the set-up has run, it fails."""
    for file in FILES:
        try:
            read(file)
        except WeightsError as error:
            pytest.fail(str(error)) if os.environ.get("CI") else pytest.skip(str(error))


@pytest.fixture(scope="session")
def photos():
    """A cat, a cup of coffee, a man with a camera on a tripod: 300 x 451, 400 x 600, 512 x 512."""
    camera = skimage.data.camera()
    return [skimage.data.chelsea(), skimage.data.coffee(), np.stack([camera] * 3, -1)]
