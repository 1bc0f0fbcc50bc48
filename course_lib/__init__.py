"""The library of *Neural Networks: Lectures and Labs*.

Importing this package imports nothing else: no framework, not even NumPy.
"""

import sys

__version__ = "0.1.0"

# TensorFlow 2.20 and 2.21 load their libraries for the whole process, and Triton (which PyTorch's CUDA packages bring)
# then takes TensorFlow's LLVM for its own: signal 11 at the first `torch.optim`. Without this helper TensorFlow keeps
# its libraries to itself, as newer releases do (pull request 124230 of tensorflow/tensorflow). None, which the type
# stubs do not foresee, is how Python is told that there is no such module.
sys.modules.setdefault("tensorflow.python.pywrap_dlopen_global_flags", None)  # pyright: ignore[reportArgumentType]
