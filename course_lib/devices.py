"""CPU, GPU or TPU: what this machine has, which device a framework should take, and one seed for everything.

    print(describe_machine())
    device = torch_device()                 # the best there is
    with keras_strategy().scope():          # build and compile the model in here
        model = ...

A device that was asked for and is missing is replaced by the CPU, and that is printed once. The TPU paths follow the
manuals of TensorFlow and PyTorch/XLA; no machine with a TPU was at hand, so they have never been executed here.
"""

import os
import platform
import random
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf
    import torch

TORCH_KINDS = ("cuda", "mps", "xla", "cpu")
KERAS_KINDS = ("default", "mirrored", "tpu")
_said: set[str] = set()


@dataclass(frozen=True)
class Machine:
    """What `describe_machine` found. `gpus` holds a name and the memory in GiB of each NVIDIA or AMD card."""

    processor: str
    cores: int
    gpus: tuple[tuple[str, float], ...] = ()
    mps: bool = False
    tpu: bool = False

    def __str__(self) -> str:
        parts = [f"{self.processor}, {self.cores} cores"]
        parts += [f"{name}, {memory:.0f} GiB" for name, memory in self.gpus]
        return " · ".join(parts + ["Apple GPU (MPS)"] * self.mps + ["TPU"] * self.tpu)


def describe_machine() -> Machine:
    """The processor, the cores this program may use, and the accelerators that PyTorch and TensorFlow could find."""
    import torch

    gpus = [torch.cuda.get_device_properties(k) for k in range(torch.cuda.device_count())]
    return Machine(
        processor_name(),
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        tuple((gpu.name, gpu.total_memory / 2**30) for gpu in gpus),
        torch.backends.mps.is_available(),
        has_tpu(),
    )


def processor_name() -> str:
    """The processor's name; Python itself does not know it on Linux."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def has_tpu() -> bool:
    """Is this a TPU VM, such as Colab's? Its chips are files under /dev. (Never executed on one.)"""
    return "TPU_ACCELERATOR_TYPE" in os.environ or any(Path("/dev").glob("accel[0-9]*"))


def torch_device(kind: str | None = None) -> "torch.device":
    """The device for a PyTorch model: `kind`, or the best of cuda, mps, xla and cpu.

    ValueError for a kind that PyTorch does not have.
    """
    import torch

    def is_here(kind: str) -> bool:
        if kind == "xla":  # a package of its own, on TPU VMs (never executed on one)
            return has_tpu()
        return kind == "cpu" or (torch.cuda if kind == "cuda" else torch.backends.mps).is_available()

    if kind is not None and kind not in TORCH_KINDS:
        raise ValueError(f"there is no device {kind!r}: take {', '.join(TORCH_KINDS)}, or None for the best")
    if kind is not None and not is_here(kind):
        _say_once(f"There is no {kind} device here: PyTorch takes the CPU.")
        kind = "cpu"
    return torch.device(kind or next(filter(is_here, TORCH_KINDS)))


def keras_strategy(kind: str | None = None) -> "tf.distribute.Strategy":
    """How TensorFlow spreads a Keras model over devices; build and compile it under the strategy's scope.

    default     one device: the GPU where there is one
    mirrored    a copy of the model on every GPU, or on every logical CPU device where there is no GPU; each takes an
                equal part of the batch, and the gradients are added up
    tpu         a copy on every core of a TPU VM
    None        tpu where there is one, mirrored where there are several GPUs, else default

    ValueError for another kind.
    """
    import tensorflow as tf

    if kind is not None and kind not in KERAS_KINDS:
        raise ValueError(f"there is no strategy {kind!r}: take {', '.join(KERAS_KINDS)}, or None for the best")
    if kind == "tpu" and not has_tpu():
        _say_once("There is no TPU here: TensorFlow takes the CPU or the GPU.")
        kind = "default"
    if kind == "tpu" or (kind is None and has_tpu()):  # never executed: no TPU was at hand
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu="local")
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
        return tf.distribute.TPUStrategy(resolver)
    gpus = tf.config.list_logical_devices("GPU")
    devices = gpus or tf.config.list_logical_devices("CPU")
    if kind == "mirrored" and len(devices) == 1:
        _say_once(f"There is one {devices[0].device_type} here: a mirrored strategy has nothing to mirror.")
    if kind == "mirrored" or (kind is None and len(gpus) > 1):
        return tf.distribute.MirroredStrategy([device.name for device in devices])
    return tf.distribute.get_strategy()


def set_seeds(seed: int) -> None:
    """Seed Python, NumPy's global generator, and PyTorch and Keras where they are imported already."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - the global one, which libraries still use
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(seed)


def _say_once(message: str) -> None:
    if message not in _said:
        _said.add(message)
        print(message)
