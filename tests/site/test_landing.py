"""The picture on the front page is what its script draws, and the captions are what its network reaches."""

import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def landing():
    # run_path leaves no compiled file in _static, which is published.
    return SimpleNamespace(**runpy.run_path(str(ROOT / "_static" / "landing.py")))


@pytest.fixture(scope="module")
def frames(landing):
    return landing.train()


def test_captions_are_measured(frames):
    text = (ROOT / "index.md").read_text(encoding="utf-8")
    captions = re.findall(r"\*\*(Untrained|[\d,]+ steps)\*\* <br> (\d+) % right", text)
    steps = [0 if step == "Untrained" else int(step.split()[0].replace(",", "")) for step, _ in captions]
    assert steps == list(frames)
    for (_, percent), (_, right) in zip(captions, frames.values(), strict=True):
        assert float(percent) == pytest.approx(100 * right, abs=3)  # another processor rounds differently


def test_gradients_match_finite_differences(landing):
    rng = np.random.default_rng(0)
    parameters = landing.init([2, 5, 4, 1], rng)
    X, y = landing.spiral(30, rng)

    def loss() -> float:
        p = landing.forward(parameters, X)[-1]
        return float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))

    for array, gradient in zip(parameters, landing.gradients(parameters, X, y), strict=True):
        for index in np.ndindex(array.shape):
            old, ends = array[index], []
            for step in (1e-5, -1e-5):
                array[index] = old + step
                ends.append(loss())
            array[index] = old
            assert gradient[index] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-8)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_picture_is_the_one_the_script_draws(landing, frames, number, tmp_path):
    parameters, _ = list(frames.values())[number - 1]
    landing.draw(parameters, tmp_path / "panel.png")
    drawn, kept = (
        np.asarray(Image.open(path).convert("RGB"), dtype=float)
        for path in (tmp_path / "panel.png", ROOT / "_static" / f"spiral-{number}.png")
    )
    assert drawn.shape == kept.shape
    # Of 255 levels: room for another version of Matplotlib, none for another panel.
    assert np.mean(np.abs(drawn - kept)) < 6
