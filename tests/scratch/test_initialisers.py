import numpy as np
import pytest
import torch
from scipy import stats

from course_lib.scratch.initialisers import INITIALISERS, get_initialiser

N_IN, N_OUT = 300, 200


def draw(name, seed=0):
    return get_initialiser(name)(N_IN, N_OUT, np.random.default_rng(seed))


@pytest.mark.parametrize(
    ("name", "torch_rule"),
    [
        ("normal", lambda W: torch.nn.init.normal_(W, std=0.01)),
        ("glorot_normal", torch.nn.init.xavier_normal_),
        ("glorot_uniform", torch.nn.init.xavier_uniform_),
        ("he_normal", lambda W: torch.nn.init.kaiming_normal_(W, nonlinearity="relu")),
        ("he_uniform", lambda W: torch.nn.init.kaiming_uniform_(W, nonlinearity="relu")),
    ],
)
def test_same_distribution_as_pytorchs(name, torch_rule):
    """60,000 draws of each: a spread 4 % too large would give p below 0.001."""
    torch.manual_seed(0)
    theirs = torch_rule(torch.empty(N_OUT, N_IN)).numpy().ravel()  # PyTorch keeps (n_out, n_in)
    ours = draw(name).ravel()
    assert stats.ks_2samp(ours, theirs).pvalue > 0.01
    assert ours.std() == pytest.approx(theirs.std(), rel=0.01)


@pytest.mark.parametrize(
    ("name", "limit"), [("glorot_uniform", np.sqrt(6 / (N_IN + N_OUT))), ("he_uniform", np.sqrt(6 / N_IN))]
)
def test_uniform_fills_its_interval(name, limit):
    W = draw(name)
    assert 0.999 * limit < W.max() <= limit
    assert -limit <= W.min() < -0.999 * limit


def test_zeros():
    assert not draw("zeros").any()


@pytest.mark.parametrize("name", INITIALISERS)
def test_shape_and_seed(name):
    assert draw(name).shape == (N_IN, N_OUT)
    assert np.array_equal(draw(name, seed=1), draw(name, seed=1))
    if name != "zeros":
        assert not np.array_equal(draw(name, seed=1), draw(name, seed=2))


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown initialiser 'xavier': choose one of zeros, .*he_uniform"):
        get_initialiser("xavier")
