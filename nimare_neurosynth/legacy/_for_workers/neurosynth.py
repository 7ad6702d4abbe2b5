"""What the worker processes of a script find as ``neurosynth``: they start anew."""

import sys
from importlib import import_module

from nimare_neurosynth.legacy import install

if __name__ == "neurosynth":
    del sys.modules[__name__]  # not another one: this stands in for the layer
    install()
    import_module(__name__)
