"""Customers of an invented bank, some of whom leave. The probability that each one leaves is known.

Real tables of this kind come with an unclear origin, or with people in them. This one comes from a
formula: so the best ranking and the best log loss that any model can reach are known, and a score
beyond them proves that the model has seen what it should not. The randomness comes from the seed alone.
"""

from collections.abc import Mapping

import numpy as np

REGIONS = ("coast", "hills", "plain")
CHANNELS = ("app", "branch")
PRODUCT_LOGIT = np.array([0.3, -1.2, 1.5, 2.2])  # of holding 1, 2, 3 and 4 products


def make_churn(n: int = 10_000, seed: int = 0) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """A table of n customers as it stands a year later, and who had left by then.

    Returns columns, each (n,), ready for `pandas.DataFrame(columns)`, and y (n,) int64, 1 for those
    who left, about one in five. Rows are independent, so every part of the table is a fair sample.

    customer_id      a number, different for each row
    advisor          whoever looks after this customer: no effect; about ten customers each
    credit_score     points, 300 to 850: better debtors leave a little less
    region, channel  texts from REGIONS and CHANNELS
    age              years, 18 to 90: people around 52 leave most, the more so when inactive
    tenure           whole years with the bank, 0 to 10: the first years are the riskiest
    balance          euros on the account, 0 for a third
    n_products       1 to 4: with two, customers stay; with three or more, they leave
    has_card         0 or 1: no effect
    is_active        0 or 1
    salary           euros a year: no effect
    retention_calls  calls by which the bank tried to keep the customer. They come after the notice,
                     so nobody has this number on the day of a prediction.
    """
    if n < 1:
        raise ValueError(f"n is the number of customers, 1 or more, and not {n}.")
    rng = np.random.default_rng(seed)
    columns = {
        "customer_id": 100_000 + rng.permutation(n),
        "advisor": rng.integers(max(1, n // 10), size=n),
        "credit_score": rng.normal(650, 95, n).clip(300, 850).round().astype(np.int64),
        "region": rng.choice(REGIONS, n, p=(0.5, 0.25, 0.25)),
        "channel": rng.choice(CHANNELS, n, p=(0.55, 0.45)),
        "age": (18 + rng.gamma(4.5, 5.0, n)).clip(18, 90).astype(np.int64),
        "tenure": rng.integers(0, 11, n),
        "balance": np.where(rng.random(n) < 1 / 3, 0.0, rng.normal(110_000, 30_000, n).clip(500)).round(2),
        "n_products": rng.choice(4, n, p=(0.51, 0.40, 0.07, 0.02)) + 1,
        "has_card": rng.binomial(1, 0.7, n),
        "is_active": rng.binomial(1, 0.5, n),
        "salary": rng.uniform(10_000, 200_000, n).round(2),
    }
    y = rng.binomial(1, churn_probability(columns))
    columns["retention_calls"] = rng.poisson(np.where(y == 1, 1.5, 0.1))
    return columns, y


def churn_probability(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """The probability, (n,), with which `make_churn` lets each customer leave.

    columns   credit_score, region, channel, age, tenure, balance, n_products and is_active, each (n,),
              or a data frame with them. Other columns do not matter.
    """
    region, channel = np.asarray(columns["region"]), np.asarray(columns["channel"])
    products = np.asarray(columns["n_products"])
    for name, values, known in (("region", region, REGIONS), ("channel", channel, CHANNELS)):
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise ValueError(f"{name} should be one of {', '.join(known)}, and not {', '.join(map(str, unknown))}.")
    if products.min(initial=1) < 1 or products.max(initial=1) > len(PRODUCT_LOGIT):
        raise ValueError(f"n_products should be 1 to {len(PRODUCT_LOGIT)}: nobody in this bank has more or fewer.")
    inactive = 1 - np.asarray(columns["is_active"])
    midlife = np.exp(-(((np.asarray(columns["age"]) - 52) / 9) ** 2))
    rich_plain = (region == "plain") & (np.asarray(columns["balance"]) > 0)
    logit = (
        -2.95
        + (1.3 + 1.7 * inactive) * midlife
        + 0.4 * inactive
        + PRODUCT_LOGIT[products - 1]
        + 1.1 * rich_plain
        + 0.8 * np.exp(-np.asarray(columns["tenure"]) / 2)
        + 0.3 * (channel == "branch")
        - 0.25 * (np.asarray(columns["credit_score"]) - 650) / 95
    )
    return 1 / (1 + np.exp(-logit))
