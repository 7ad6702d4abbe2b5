import subprocess
import sys

import pytest

from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.space import _resources, nimare_resource


def test_a_missing_resource_is_named():
    with pytest.raises(FormatError, match=r"no 'templates/missing\.nii'.*0\.22\.1"):
        nimare_resource("templates", "missing.nii")


def test_a_missing_nimare_is_said(monkeypatch):
    monkeypatch.setattr(_resources, "find_spec", lambda _: None)
    with pytest.raises(FormatError, match="pip install nimare"):
        nimare_resource("templates")


def test_nimare_is_not_imported():
    code = (
        "import sys; from nimare_neurosynth.space import default_mask; "
        "default_mask(); print('nimare' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.strip() == b"False"
