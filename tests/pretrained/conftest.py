"""Photographs everybody has, and the weights that the set-up has fetched."""

import numpy as np
import pytest
import skimage

from course_lib.weights.catalogue import FILES
from course_lib.weights.find import read
from course_lib.weights.record import WeightsError
from tests.tools import missing


@pytest.fixture(scope="session")
def weights():
    """Where a file is missing, a test that needs it is skipped; under CI, where the set-up has run, it fails."""
    for file in FILES:
        try:
            read(file)
        except WeightsError as error:
            missing(str(error))


@pytest.fixture(scope="session")
def photos():
    """A cat, a cup of coffee, a man with a camera on a tripod: 300 x 451, 400 x 600, 512 x 512."""
    camera = skimage.data.camera()
    return [skimage.data.chelsea(), skimage.data.coffee(), np.stack([camera] * 3, -1)]
