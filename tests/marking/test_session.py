"""The kernel of one submission: what it may use, and what it says when it ends."""

import inspect
import sys

import pytest

from course_lib import cli
from course_lib.checks.labs import LABS
from course_lib.marking.plain import decode
from course_lib.marking.session import MEMORY, Session

USES = "def uses(gigabytes):\n    import numpy as np\n    return float(np.ones(int(gigabytes * 125e6)).sum()) > 0"


@pytest.mark.skipif(sys.platform != "linux", reason="not for this machine: only Linux limits the memory of a process")
def test_the_limit_is_the_memory_asked_for():
    """Both sizes fit the machine: what stops the larger one is the limit."""
    with Session(LABS.remote, seconds=60, memory=0.6) as session:
        assert session.run(USES) == ""
        assert session.call("uses")([0.2])["value"] is True
        assert session.call("uses")([0.6])["raised"].endswith("MemoryError")
        assert session.call("uses")([0.2])["value"] is True


def test_the_command_has_the_same_limit():
    assert inspect.signature(cli.check).parameters["memory"].default == MEMORY


@pytest.mark.slow
def test_training_in_keras_and_pytorch_fits_the_limit():
    """A small convolutional network in each, in one kernel; half of the limit is more than they take."""
    with Session(LABS.remote, seconds=100, memory=MEMORY / 2) as session:
        assert session.run(TRAIN_BOTH) == ""
        assert decode(session.call("losses")(None)["value"]) == pytest.approx([2.3, 2.3], abs=0.5)


TRAIN_BOTH = """\
import keras, numpy as np, torch
x, y = np.random.rand(512, 28, 28, 1).astype("float32"), np.random.randint(0, 10, 512)
layers = keras.layers
model = keras.Sequential([keras.Input((28, 28, 1)), layers.Conv2D(32, 3), layers.Flatten(), layers.Dense(10)])
model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
losses = model.fit(x, y, epochs=2, verbose=0).history["loss"][:1]
nn = torch.nn
net = nn.Sequential(nn.Conv2d(1, 32, 3), nn.Flatten(), nn.Linear(32 * 26 * 26, 10))
sgd = torch.optim.SGD(net.parameters(), 0.01)
loss = nn.functional.cross_entropy(net(torch.from_numpy(x).permute(0, 3, 1, 2)), torch.from_numpy(y))
loss.backward()
sgd.step()
losses.append(float(loss))
"""
