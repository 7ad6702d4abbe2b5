"""Nothing, as before: pictures are in :mod:`nimare_neurosynth.plotting`."""
