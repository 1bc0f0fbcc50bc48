"""The lab 04_workflow looks for hints with a twin of Keras' fit: the mistakes of people who use Keras are found."""

import keras
import numpy as np
import pytest

from course_lib.exercises.lab_04_workflow import fit


def fit_in_keras(
    data=lambda X, y, X_valid, y_valid: (X, y, {"validation_data": (X_valid, y_valid)}), part="val_loss", **stop
):
    def answer(network, X, y, X_valid, y_valid, n_epochs, patience):
        callback = keras.callbacks.EarlyStopping(**{"patience": patience, "restore_best_weights": True, **stop})
        X, y, judged = data(X, y, X_valid, y_valid)
        callbacks = [] if stop.get("monitor") == "nothing" else [callback]
        return network.fit(X, y, epochs=n_epochs, verbose=0, callbacks=callbacks, **judged).history[part]

    return answer


MISTAKES = {
    "You stop in time, and keep": fit_in_keras(restore_best_weights=False),
    "Nothing stops": fit_in_keras(monitor="nothing"),
    "Nothing stops the": fit_in_keras(monitor="loss"),
    "Your validation rows come": fit_in_keras(lambda X, y, *_: (X, y, {"validation_split": 0.2})),
    "The training rows judge": fit_in_keras(lambda X, y, *_: (X, y, {"validation_data": (X, y)})),
    "The validation rows train": fit_in_keras(
        lambda X, y, *judges: (
            np.concatenate([X, judges[0]]),
            np.concatenate([y, judges[1]]),
            {"validation_data": judges},
        )
    ),
    "These are the training": fit_in_keras(part="loss"),
    "You do not use patience": fit_in_keras(patience=0),
}


@pytest.mark.parametrize("begins", MISTAKES)
def test_a_mistake_in_keras_gets_the_hint_of_its_twin(begins):
    verdict = fit.mark(fit.local(MISTAKES[begins]), seed=3)
    assert verdict.state == "wrong" and verdict.hint.startswith(begins)
    assert all(any(map(mistake.hint.startswith, MISTAKES)) for mistake in fit.mistakes)


def test_steps_by_hand_are_accepted_as_well():
    def by_hand(network, X, y, X_valid, y_valid, n_epochs, patience):
        losses, kept = [], None
        while len(losses) < n_epochs and len(losses) - 1 - np.argmin(losses or [0]) < patience:
            network.train_on_batch(X, y[:, None])
            losses.append(network.evaluate(X_valid, y_valid, verbose=0))
            kept = network.get_weights() if losses[-1] == min(losses) else kept
        network.set_weights(kept)
        return losses

    assert fit.mark(fit.local(by_hand)).passed
