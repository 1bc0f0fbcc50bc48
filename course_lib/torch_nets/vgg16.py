"""The old place of `vgg16`, kept for notebooks that import it from here."""

from course_lib.torch_nets.vgg import vgg16

__all__ = ["vgg16"]
