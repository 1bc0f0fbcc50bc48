"""The invented bank: its formula, its chances, and what its columns know."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, chi2_contingency, pearsonr

from course_lib.data import churn_probability, make_churn
from course_lib.data.churn import CHANNELS, REGIONS

RANGES = {"credit_score": (300, 850), "age": (18, 90), "tenure": (0, 10), "n_products": (1, 4), "has_card": (0, 1), "is_active": (0, 1), "salary": (10_000, 200_000)}  # fmt: skip
CUSTOMER = {"credit_score": 650, "region": "coast", "channel": "app", "age": 52, "tenure": 0, "balance": 0.0, "n_products": 1, "is_active": 1}  # fmt: skip


def one(**changes):
    """The probability of a single customer."""
    return churn_probability({name: np.array([value]) for name, value in {**CUSTOMER, **changes}.items()})[0]


def odds(p):
    return p / (1 - p)


@settings(deadline=None, max_examples=30)
@given(n=st.integers(1, 300), seed=st.integers(0, 2**32 - 1))
def test_every_table_keeps_the_contract(n, seed):
    columns, y = make_churn(n, seed)
    assert y.shape == (n,) and y.dtype == np.int64 and set(y) <= {0, 1}
    assert all(values.shape == (n,) for values in columns.values())
    assert all(low <= columns[name].min() and columns[name].max() <= high for name, (low, high) in RANGES.items())
    assert set(columns["region"]) <= set(REGIONS) and set(columns["channel"]) <= set(CHANNELS)
    assert len(set(columns["customer_id"])) == n and columns["retention_calls"].min() >= 0
    again = make_churn(n, seed)
    assert np.array_equal(y, again[1]) and all(np.array_equal(columns[name], again[0][name]) for name in columns)


def test_seeds_matter_and_the_global_generator_is_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    assert not np.array_equal(make_churn(100, 0)[0]["salary"], make_churn(100, 1)[0]["salary"])
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_a_customer_by_hand():
    # -2.95 start, 1.3 midlife, 0.3 one product, 0.8 first year
    assert one() == pytest.approx(1 / (1 + np.exp(2.95 - 1.3 - 0.3 - 0.8)), rel=1e-12)
    factors = {
        np.exp(0.3): one(channel="branch"),
        np.exp(-0.25): one(credit_score=745),
        np.exp(1.1): one(region="plain", balance=1.0),
        np.exp(1.7 + 0.4): one(is_active=0),
        np.exp(-1.5): one(n_products=2),
        np.exp(1.2): one(n_products=3),
        np.exp(1.9): one(n_products=4),
        np.exp(1.3 * (np.exp(-1) - 1)): one(age=61),
        np.exp(0.8 * (np.exp(-1) - 1)): one(tenure=2),
        1.0: one(region="plain"),  # without money on the account, the plain is like the coast
    }
    for factor, probability in factors.items():
        assert odds(probability) / odds(one()) == pytest.approx(factor, rel=1e-12)
    assert one(region="hills", balance=1e5) == one(balance=1e5) == one()


def test_customers_leave_as_often_as_their_probability_says():
    columns, y = make_churn(100_000, seed=1)
    p = churn_probability(columns)
    assert 0.18 < y.mean() < 0.21
    assert np.mean(columns["balance"] == 0) == pytest.approx(1 / 3, abs=0.01)
    groups = np.array_split(np.argsort(p), 50)
    z = np.array([(y[group] - p[group]).sum() / np.sqrt((p[group] * (1 - p[group])).sum()) for group in groups])
    assert np.sum(z**2) < chi2.ppf(0.9999, len(groups))  # false once in 10,000 when true


def test_the_drawn_answers_agree_with_scikit_learns_fit_of_the_formula():
    from sklearn.linear_model import LogisticRegression

    columns, y = make_churn(50_000, seed=2)
    p = churn_probability(columns)
    score = np.log(odds(p))[:, None]
    fit = LogisticRegression(C=np.inf).fit(score, y)
    error = 1 / np.sqrt(np.sum(p * (1 - p) * (score[:, 0] - score.mean()) ** 2))
    assert abs(fit.coef_[0, 0] - 1) < 5 * error  # the slope of truth on truth is one
    more = np.column_stack([score[:, 0], columns["salary"] / 1e5, columns["has_card"]])
    assert np.all(np.abs(LogisticRegression(C=np.inf).fit(more, y).coef_[0, 1:]) < 0.15)  # no effect, as promised


def test_advisors_know_nothing_and_retention_calls_know_the_future():
    columns, y = make_churn(20_000, seed=3)
    advisors = columns["advisor"]
    assert 9 < len(y) / len(set(advisors)) < 11
    table = np.stack([np.bincount(advisors, y == label, minlength=2000) for label in (0, 1)])
    assert chi2_contingency(table[:, table.sum(axis=0) > 0]).pvalue > 1e-4
    calls, p = columns["retention_calls"], churn_probability(columns)
    for label, mean in ((0, 0.1), (1, 1.5)):
        those = y == label
        assert calls[those].mean() == pytest.approx(mean, abs=5 * np.sqrt(mean / those.sum()))
        assert pearsonr(calls[those], p[those]).pvalue > 1e-4  # given the answer, nothing more


def test_a_data_frame_does_as_well_and_other_columns_do_not_matter():
    import pandas as pd

    columns, _ = make_churn(500)
    expected = churn_probability(columns)
    table = pd.DataFrame(columns)
    of_table = churn_probability(table)
    assert isinstance(of_table, np.ndarray) and np.array_equal(of_table, expected)
    useless = ["customer_id", "advisor", "has_card", "salary", "retention_calls"]
    assert np.array_equal(churn_probability(table.drop(columns=useless)), expected)
    shuffled = table.sample(frac=1, random_state=0)  # keeps its index: rows must not be put back in line
    assert np.array_equal(churn_probability(shuffled), expected[shuffled.index])


def test_wrong_input_is_refused():
    with pytest.raises(ValueError, match="1 or more, and not 0"):
        make_churn(0)
    with pytest.raises(ValueError, match="region should be one of coast, hills, plain, and not moon"):
        one(region="moon")
    with pytest.raises(ValueError, match="channel should be one of app, branch, and not fax"):
        one(channel="fax")
    for products in (0, 5):
        with pytest.raises(ValueError, match="n_products should be 1 to 4"):
            one(n_products=products)
