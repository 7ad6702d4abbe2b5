"""NeuroStore, where studysets live: search it, get from it, and push back to it."""

from nimare_neurosynth.neurostore._account import Account, Entry, UnfinishedPushError
from nimare_neurosynth.neurostore._client import TOKEN_VARIABLE, NeuroStore
from nimare_neurosynth.neurostore._server import BASE_URL

__all__ = [
    "BASE_URL",
    "TOKEN_VARIABLE",
    "Account",
    "Entry",
    "NeuroStore",
    "UnfinishedPushError",
]
