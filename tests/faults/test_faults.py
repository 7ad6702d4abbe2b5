"""A sample of what ``python -m tests.faults`` does at length."""

import warnings

from nimare_neurosynth.errors import NeurosynthWarning
from tests.faults.neurostore import run_all as run_neurostore
from tests.faults.run import run_all


def test_what_is_fetched_is_whole_or_refused_in_time():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NeurosynthWarning)
        outcomes = run_all(25, seed=1)
    assert [(o.case, o.wrong) for o in outcomes if o.wrong] == []
    # faults did happen, and were got over
    assert sum(o.refused for o in outcomes) > 5
    assert sum(o.resumed for o in outcomes) > 10


def test_what_is_got_from_neurostore_is_whole_and_what_is_pushed_is_there_once():
    outcomes = run_neurostore(8, seed=1)
    assert [(o.case, o.wrong) for o in outcomes if o.wrong] == []
    assert sum(o.refused for o in outcomes) > 5
