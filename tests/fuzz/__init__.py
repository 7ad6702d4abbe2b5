"""Damaged input for every reader: ``python -m tests.fuzz --help``.

``sources`` makes small good input, ``mutate``, ``arrays`` and ``queries`` damage it,
``run`` reads it and judges what comes of it, ``workers`` does that in processes that may
hang, run out of memory or crash.
"""
