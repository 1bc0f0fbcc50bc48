"""The two sides of the comparison of frameworks: a network in Keras and in PyTorch, with the same few verbs.

side = FRAMEWORKS["keras"]("MLP")
batches = side.batches(x, y, 32)
side.train(batches)                       # one epoch
side.accuracy(batches), side.peak()       # MiB
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from course_lib.nets import NETS

RATE, EPSILON = 0.001, 1e-8  # of Adam, the same in both
# The networks of the comparison by their names in reports, and in the registry.
NETWORKS = {"MLP": "mlp", "small CNN": "small_cnn", "MiniVGGNet": "mini_vggnet"}


class Keras:
    """A network with its optimiser. `x` is (n, 784) or (n, 32, 32, 3), float32 from 0 to 1; `y` is (n,)."""

    def __init__(self, name: str):
        import keras

        self.model = NETS[NETWORKS[name]].build("keras")
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.model.compile(keras.optimizers.Adam(RATE, epsilon=EPSILON), loss, metrics=["accuracy"])

    def batches(self, x: np.ndarray, y: np.ndarray, batch_size: int) -> dict[str, Any]:
        """What `fit` and `evaluate` are fed with. Full batches only: another size would be compiled anew."""
        if backend() != "tensorflow":
            n = len(x) // batch_size * batch_size
            return {"x": x[:n], "y": y[:n], "batch_size": batch_size}
        import tensorflow as tf

        return {"x": tf.data.Dataset.from_tensor_slices(full_batches(x, y, batch_size)).prefetch(2)}

    def train(self, batches: dict[str, Any]) -> None:
        self.model.fit(**batches, epochs=1, shuffle=False, verbose=0)

    def accuracy(self, batches: dict[str, Any]) -> float:
        return self.model.evaluate(**batches, verbose=0, return_dict=True)["accuracy"]

    def peak(self) -> float:
        """Peak memory in MiB: the GPU's where Keras works on one, else this process's."""
        if backend() == "jax":
            import jax  # pyright: ignore[reportMissingImports] - installed by hand, where a GPU is measured

            device = jax.local_devices()[0]
            return device.memory_stats()["peak_bytes_in_use"] / 2**20 if device.platform == "gpu" else peak()
        import tensorflow as tf

        if tf.config.list_logical_devices("GPU"):
            return tf.config.experimental.get_memory_info("GPU:0")["peak"] / 2**20
        return peak()


class Torch:
    """The same in PyTorch, on the best device."""

    def __init__(self, name: str):
        import torch

        from course_lib.devices import torch_device

        self.device = torch_device()
        self.model = NETS[NETWORKS[name]].build("torch").to(self.device)
        self.loss_fn = torch.nn.CrossEntropyLoss()
        self.optimiser = torch.optim.Adam(self.model.parameters(), RATE, eps=EPSILON)

    def batches(self, x: np.ndarray, y: np.ndarray, batch_size: int) -> Any:
        import torch

        x, y = full_batches(x, y, batch_size)
        x = np.ascontiguousarray(x.transpose(0, 1, 4, 2, 3)) if x.ndim == 5 else x
        return list(zip(torch.from_numpy(x), torch.from_numpy(y), strict=True))

    def train(self, batches: Any) -> None:
        from course_lib.training.torch_loop import train_epoch

        train_epoch(self.model, batches, self.loss_fn, self.optimiser)

    def accuracy(self, batches: Any) -> float:
        from course_lib.training.torch_loop import evaluate

        return evaluate(self.model, batches, self.loss_fn)["accuracy"]

    def peak(self) -> float:
        """Peak memory in MiB: the GPU's where the model lies on one, else this process's."""
        import torch

        return torch.cuda.max_memory_allocated() / 2**20 if self.device.type == "cuda" else peak()


FRAMEWORKS = {"keras": Keras, "torch": Torch}


def backend() -> str:
    """What Keras calculates with: tensorflow or jax."""
    import keras

    return keras.backend.backend()


def full_batches(x: np.ndarray, y: np.ndarray, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
    """(n_batches, batch_size, ...) and (n_batches, batch_size); what is left over is left out."""
    n = len(x) // batch_size
    x, y = (a[: n * batch_size].reshape(n, batch_size, *a.shape[1:]) for a in (x, y))
    return x, y


def peak() -> float:
    """The most memory that this process has ever held, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux: getrusage would tell the parent's peak where that was higher
        lines = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines())
        return float(lines["VmHWM"].split()[0]) / 2**10
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 2**20 if sys.platform == "darwin" else used / 2**10  # bytes there, KiB elsewhere
