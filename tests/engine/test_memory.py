"""How limits of memory are read."""

import numpy as np
import pytest

from nimare_neurosynth.engine import DEFAULT_MEMORY, memory_bytes
from nimare_neurosynth.errors import OptionError

GOOD = {
    "1 GB": 1_000_000_000,
    "1GB": 1_000_000_000,
    " 2 gb ": 2_000_000_000,
    "1.5 GB": 1_500_000_000,
    "500 MB": 500_000_000,
    "500M": 500_000_000,
    "64 kB": 64_000,
    "3T": 3_000_000_000_000,
    "12345": 12_345,
    "12345 B": 12_345,
    "0.5 K": 500,
    "0": 0,
}


@pytest.mark.parametrize("text", GOOD)
def test_texts(text):
    assert memory_bytes(text) == GOOD[text]
    assert isinstance(memory_bytes(text), int)


@pytest.mark.parametrize(
    "number", [0, 1, 10**9, 10**15, 2.5e9, 1000.0, np.float64(7.0)]
)
def test_numbers(number):
    assert memory_bytes(number) == int(number)


def test_the_default_can_be_read():
    assert memory_bytes(DEFAULT_MEMORY) == 10**9


BAD = ["", " ", "GB", "much", "-1 GB", "1 GiB", "1,5 GB", "1 GB 2", "1e9", "nan", "inf"]
BAD += [True, False, None, -1, -1.0, float("nan"), float("inf"), [1], b"1 GB", 1j]


@pytest.mark.parametrize("value", BAD, ids=repr)
def test_what_is_no_limit(value):
    with pytest.raises(OptionError) as error:
        memory_bytes(value)
    assert "'500 MB'" in str(error.value)
    assert repr(value) in str(error.value)
