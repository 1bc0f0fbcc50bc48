import pytest
import torch

from course_lib.scratch.schedules import constant, cosine, one_cycle

N_STEPS = 40


def torch_rates(scheduler, **arguments):
    """The rates of a PyTorch scheduler with a full rate of 1, at each step and after the last one."""
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=1.0, momentum=0.9)
    schedule = scheduler(optimiser, **arguments)
    rates = []
    for _ in range(N_STEPS + 1):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        if len(rates) <= N_STEPS:
            schedule.step()
    return rates


def test_constant():
    assert constant(0.0) == constant(0.7) == 1.0


def test_cosine_is_pytorchs():
    expected = torch_rates(torch.optim.lr_scheduler.CosineAnnealingLR, T_max=N_STEPS)
    assert [cosine(i / N_STEPS) for i in range(N_STEPS + 1)] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("warm_up", [0.1, 0.3, 0.5])
def test_one_cycle_is_pytorchs(warm_up):
    """PyTorch's warm-up ends one step before `pct_start` and starts at 1 / div_factor, here near zero."""
    expected = torch_rates(
        torch.optim.lr_scheduler.OneCycleLR,
        max_lr=1.0,
        total_steps=N_STEPS + 1,
        pct_start=(warm_up * N_STEPS + 1) / (N_STEPS + 1),
        div_factor=1e15,
        cycle_momentum=False,
    )
    ours = [one_cycle(i / N_STEPS, warm_up) for i in range(N_STEPS + 1)]
    assert ours == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("schedule", [cosine, one_cycle])
def test_a_plain_float_keeps_float32_training_in_float32(schedule):
    assert type(schedule(0.25)) is float
