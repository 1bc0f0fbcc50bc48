"""Draw the landing picture: a small network learns to tell the two arms of a spiral apart.

Run it from anywhere, `python _static/landing.py`; it writes spiral-1.png to spiral-4.png beside itself and
prints the numbers of the captions, which tests/site/test_landing.py compares with index.md.
"""

from pathlib import Path

import numpy as np

STEPS = (0, 100, 220, 1000)  # the moments the four panels show
BLUE, VERMILION, INK = "#0072B2", "#D55E00", "#333333"


def spiral(n_examples: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two interleaved arms: points (n_examples, 2) in about [-1, 1], arms (n_examples, 1) of 0 and 1."""
    y = rng.integers(0, 2, (n_examples, 1))
    t = np.sqrt(rng.uniform(0.02, 1, (n_examples, 1)))  # the root spreads the points evenly along an arm
    angle = 3.6 * np.pi * t + np.pi * y
    X = t * np.hstack([np.cos(angle), np.sin(angle)])
    return X + rng.normal(0, 0.025, X.shape), y


def init(sizes: list[int], rng: np.random.Generator) -> list[np.ndarray]:
    """Parameters [W1, b1, W2, b2, ...], spread so that tanh stays lively (Glorot and Bengio 2010)."""
    layers = zip(sizes, sizes[1:], strict=False)
    return [p for m, n in layers for p in (rng.normal(0, np.sqrt(2 / (m + n)), (m, n)), np.zeros(n))]


def forward(parameters: list[np.ndarray], X: np.ndarray) -> list[np.ndarray]:
    """The input and the output of every layer; the last is the probability of arm 1, (n_examples, 1)."""
    outputs = [X]
    for W, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
        outputs.append(np.tanh(outputs[-1] @ W + b))
    return [*outputs, 0.5 * (1 + np.tanh(0.5 * (outputs[-1] @ parameters[-2] + parameters[-1])))]  # sigmoid


def gradients(parameters: list[np.ndarray], X: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    """Of the mean cross-entropy by every parameter (backpropagation; Rumelhart et al. 1986)."""
    *outputs, p = forward(parameters, X)
    delta, grads = (p - y) / len(X), []
    for W, a in zip(parameters[-2::-2], outputs[::-1], strict=True):
        grads = [a.T @ delta, delta.sum(axis=0), *grads]
        delta = delta @ W.T * (1 - a**2)
    return grads


def train(learning_rate: float = 0.01, n_hidden: int = 32) -> dict[int, tuple[list[np.ndarray], float]]:
    """Train with Adam (Kingma and Ba 2015); {step: (parameters, share of new points on the right arm)}."""
    rng = np.random.default_rng(7)
    X, y = spiral(300, rng)
    X_new, y_new = spiral(3000, rng)
    parameters = init([2, n_hidden, n_hidden, 1], rng)
    mean = [np.zeros_like(p) for p in parameters]
    square = [np.zeros_like(p) for p in parameters]
    frames = {}
    for step in range(max(STEPS) + 1):
        if step in STEPS:
            right = np.mean((forward(parameters, X_new)[-1] > 0.5) == y_new)
            frames[step] = ([p.copy() for p in parameters], float(right))
        for p, g, m, v in zip(parameters, gradients(parameters, X, y), mean, square, strict=True):
            m += 0.1 * (g - m)
            v += 0.001 * (g**2 - v)
            correct = np.sqrt(1 - 0.999 ** (step + 1)) / (1 - 0.9 ** (step + 1))
            p -= learning_rate * correct * m / (np.sqrt(v) + 1e-8)
    return frames


def draw(parameters: list[np.ndarray], path: Path) -> None:
    """One panel: the probability as bands of colour, the boundary as a line, the training points on top."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt
    from matplotlib.colors import LinearSegmentedColormap
    from PIL import Image

    X, y = spiral(300, np.random.default_rng(7))
    axis = np.linspace(-1.15, 1.15, 140)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    p = forward(parameters, grid)[-1].reshape(len(axis), -1)
    colours = LinearSegmentedColormap.from_list("arms", [BLUE, "#8DBFDD", "#F7F7F5", "#F0B48A", VERMILION])
    figure = plt.figure(figsize=(3, 3), dpi=220, layout="none")  # whatever style is set
    axes = figure.add_axes((0, 0, 1, 1))
    axes.contourf(axis, axis, p, levels=np.linspace(0, 1, 11), cmap=colours, alpha=0.75)
    if p.min() < 0.5 < p.max():
        axes.contour(axis, axis, p, levels=[0.5], colors=INK, linewidths=1.2)
    for arm, colour in enumerate((BLUE, VERMILION)):
        axes.scatter(*X[y[:, 0] == arm].T, s=14, color=colour, edgecolor="white", linewidth=0.6, zorder=3)
    axes.set_axis_off()
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3]
    Image.fromarray(pixels).quantize(64).save(path, optimize=True)
    plt.close(figure)


if __name__ == "__main__":
    for number, (step, (parameters, right)) in enumerate(train().items(), start=1):
        draw(parameters, Path(__file__).with_name(f"spiral-{number}.png"))
        print(f"step {step}: {right:.0%} of new points on the right arm")
