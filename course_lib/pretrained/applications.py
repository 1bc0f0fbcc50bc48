"""The networks of keras.applications, whose weights Keras downloads, or a local file holds."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from course_lib.pretrained.backbone import Backbone
from course_lib.pretrained.needed import needed_for
from course_lib.weights.record import WeightsError


class Application(Backbone):
    """A network of keras.applications; its classifier ends with a softmax."""

    @property
    def own_size(self) -> int:
        return self.model.input_shape[1] or 224

    def scaled(self, pixels: np.ndarray) -> np.ndarray:
        return module_of(self.name, []).preprocess_input(pixels)

    def feature_network(self, blocks: Sequence[int]) -> Any:
        if self.classifies or blocks:
            raise ValueError(f"for features load {self.name} with include_top=False, and leave `blocks` empty")
        return self.model


def load(name: str, weights: str | Path | None, options: dict[str, Any], ours: list[str]) -> Application:
    """`ours` are the names of networks that need no download, for the error when one fails."""
    return Application(name, "keras", build(name, weights, options, ours), options.get("include_top", True))


def build(name: str, weights: str | Path | None, options: dict[str, Any], ours: list[str]) -> Any:
    module = module_of(name, ours)
    if weights is not None and not Path(weights).is_file():
        raise WeightsError(f"there is no weights file {weights}")
    try:
        return getattr(module, name)(weights="imagenet" if weights is None else str(weights), **options)
    except TypeError as error:
        raise ValueError(f"{name} cannot be built with these options: {error}") from error
    except Exception as error:  # Keras raises a plain Exception when it cannot download
        if weights is not None:
            raise WeightsError(f"{weights} does not hold the weights of {name} with these options: {error}") from error
        if isinstance(error, ValueError):
            raise
        raise WeightsError(
            f"The weights of {name} are not here, and Keras could not download them. Name a local file, "
            f"load_backbone('keras', {name!r}, weights=...), or take {ours[0]!r}, which needs no download."
        ) from error


def module_of(name: str, ours: list[str]) -> Any:
    """Where keras.applications defines a network, with the preprocessing that belongs to it."""
    with needed_for(f"{name} of keras.applications"):
        import keras
    known = [*ours, *(each for each in dir(keras.applications) if each[0].isupper())]
    if name not in known:
        raise ValueError(f"unknown network {name!r}: choose one of {', '.join(known)}")
    return sys.modules[getattr(keras.applications, name).__module__]
