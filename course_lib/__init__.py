"""The library of *Neural Networks: Lectures and Labs*.

Importing this package imports nothing else: no framework, not even NumPy.
"""

__version__ = "0.1.0"
