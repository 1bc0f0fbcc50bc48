"""Inside a kernel: what a cell tagged `result` assigned, as plain data. It imports nothing that a page could notice."""

import math
import sys
from collections.abc import Mapping
from typing import Any

from course_lib.common.cpus import usable_cpus

MOST = 5000  # numbers in one value: a page shows results, and no weights


class Collected:
    """What `plain` makes of the values of one cell, for Jupyter's protocol: {"values": …} or {"problem": …}."""

    def __init__(self, values: Mapping[str, Any]):
        self.data: dict[str, Any] = {"values": {}}
        for name, value in values.items():
            try:
                self.data["values"][name] = bounded(plain(value))
            except (TypeError, ValueError) as error:
                self.data = {"problem": f"{name} {error}"}
                return

    def _repr_json_(self) -> dict:
        return self.data


def plain(value: Any) -> Any:
    """A number, a text, a list or a dict of them. Floats keep six significant digits.

    Arrays and tensors become lists, keys become texts.
    TypeError for anything else, ValueError for a number that JSON does not have.
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"is or holds {value}; leave it out, or make it None")
        return float(f"{value:.6g}")
    if isinstance(value, Mapping):
        texts = {key: ", ".join(map(str, key)) if isinstance(key, tuple) else str(key) for key in value}
        if len(set(texts.values())) < len(texts):
            raise ValueError("has two keys that read the same")
        return {texts[key]: plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if hasattr(value, "detach"):  # a tensor of PyTorch, which may want a gradient or lie on a GPU
        value = value.detach().cpu()
    elif hasattr(value, "numpy") and not hasattr(value, "tolist"):  # of TensorFlow
        value = value.numpy()
    if hasattr(value, "tolist") and hasattr(value, "dtype"):
        return plain(value.tolist())
    raise TypeError(f"is or holds a {type(value).__name__}; assign numbers, texts, lists or dicts of them")


def bounded(value: Any) -> Any:
    if size(value) > MOST:
        raise ValueError(f"holds {size(value):,} values, and a result at most {MOST:,}; keep those that the page shows")
    return value


def size(value: Any) -> int:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 1 if parts is None else sum(map(size, parts))


def machine() -> str:
    """The machine of this kernel, in words. It asks the framework that the page has loaded, and loads none."""
    from course_lib import devices

    if "torch" in sys.modules:
        return str(devices.describe_machine())
    tensorflow = sys.modules.get("tensorflow")
    names = []
    if tensorflow:
        for gpu in tensorflow.config.list_physical_devices("GPU"):
            names.append(tensorflow.config.experimental.get_device_details(gpu).get("device_name", "GPU"))
    return " · ".join([f"{devices.processor_name()}, {usable_cpus()} cores", *names])
