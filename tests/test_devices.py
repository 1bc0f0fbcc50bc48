"""Which device is taken, what is said when it is missing, and that two devices train as one does."""

import os
import random
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch

from course_lib import devices
from tests.tools import elsewhere


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch):
    monkeypatch.setattr(devices, "_said", set())


def no_accelerator(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(devices, "has_tpu", lambda: False)


@pytest.mark.parametrize(("here", "taken"), [("cuda mps", "cuda"), ("mps xla", "mps"), ("xla", "xla"), ("", "cpu")])
def test_the_best_torch_device_is_taken(monkeypatch, here, taken):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in here)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in here)
    monkeypatch.setattr(devices, "has_tpu", lambda: "xla" in here)
    assert devices.torch_device() == torch.device(taken)


@pytest.mark.parametrize("kind", ["cuda", "mps", "xla"])
def test_a_missing_torch_device_falls_back_to_the_cpu_and_says_so_once(monkeypatch, capsys, kind):
    no_accelerator(monkeypatch)
    assert devices.torch_device(kind) == devices.torch_device(kind) == torch.device("cpu")
    assert capsys.readouterr().out == f"There is no {kind} device here: PyTorch takes the CPU.\n"


def test_a_device_that_is_here_is_not_talked_about(monkeypatch, capsys):
    no_accelerator(monkeypatch)
    assert devices.torch_device("cpu") == devices.torch_device() == torch.device("cpu")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("function", "offer"), [(devices.torch_device, "mps"), (devices.keras_strategy, "mirrored")])
def test_an_unknown_kind_is_an_error_that_names_the_kinds(function, offer):
    with pytest.raises(ValueError, match=f"'gpu'.*{offer}"):
        function("gpu")


def test_a_missing_tpu_is_replaced_and_said_once(monkeypatch, capsys):
    no_accelerator(monkeypatch)
    assert devices.keras_strategy("tpu") is devices.keras_strategy("tpu") is tf.distribute.get_strategy()
    assert capsys.readouterr().out == "There is no TPU here: TensorFlow takes the CPU or the GPU.\n"


def test_one_device_needs_no_mirror(monkeypatch, capsys):
    no_accelerator(monkeypatch)
    if len(tf.config.list_logical_devices()) > 1:
        elsewhere("it has several devices")
    assert devices.keras_strategy() is tf.distribute.get_strategy()
    assert devices.keras_strategy("mirrored").num_replicas_in_sync == 1
    assert "one CPU" in capsys.readouterr().out


TWO_DEVICES = """
import sys
import numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_visible_devices([], "GPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import keras
from course_lib.devices import keras_strategy
from course_lib.keras_nets.mlp import mlp

strategy = keras_strategy(sys.argv[1])
keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
x, y = rng.random((256, 20), dtype="float32"), rng.integers(0, 10, 256)
with strategy.scope():
    model = mlp((16,), n_in=20)
    model.compile(keras.optimizers.SGD(0.5), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
past = model.fit(x, y, batch_size=64, epochs=2, shuffle=False, verbose=0)
print(strategy.num_replicas_in_sync, past.history["loss"][-1], *np.concatenate([w.ravel() for w in model.get_weights()]))
"""


def test_two_logical_cpus_train_as_one_does():
    """A mirrored step is the step of the whole batch: the same weights, up to the order of additions."""

    def run(kind: str) -> np.ndarray:
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
        command = [sys.executable, "-c", TWO_DEVICES, kind]
        done = subprocess.run(command, capture_output=True, check=True, env=environment, text=True)
        return np.array(done.stdout.splitlines()[-1].split(), float)

    one, two = run("default"), run("mirrored")
    assert one[0] == 1 and two[0] == 2
    assert len(one) == 2 + 20 * 16 + 16 + 16 * 10 + 10
    np.testing.assert_allclose(two[1:], one[1:], rtol=1e-4, atol=1e-5)


def test_seeds_reach_every_generator():
    def draw():
        return random.random(), np.random.random(), torch.rand(()).item(), float(keras.random.normal(()))  # noqa: NPY002

    devices.set_seeds(3)
    first = draw()
    devices.set_seeds(3)
    assert draw() == first
    devices.set_seeds(4)
    assert all(a != b for a, b in zip(draw(), first, strict=True))


def test_the_description_of_this_machine():
    machine = devices.describe_machine()
    assert 1 <= machine.cores <= os.cpu_count() and machine.processor
    assert len(machine.gpus) == torch.cuda.device_count()
    assert str(machine).startswith(f"{machine.processor}, {machine.cores} cores")


def test_a_description_names_every_accelerator():
    machine = devices.Machine("Chip", 8, (("Card", 15.9),), mps=True, tpu=True)
    assert str(machine) == "Chip, 8 cores · Card, 16 GiB · Apple GPU (MPS) · TPU"
