"""VGG: Simonyan and Zisserman (2015), table 1. Convolutions are 3 by 3; behind each block a pooling halves the image.

for n_convs, channels in CONFIGURATIONS[16]: ...
"""

# by the number of layers with weights, of which the last three are dense in the paper: configurations A, D and E
CONFIGURATIONS = {
    11: ((1, 64), (1, 128), (2, 256), (2, 512), (2, 512)),
    16: ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)),
    19: ((2, 64), (2, 128), (4, 256), (4, 512), (4, 512)),
}
