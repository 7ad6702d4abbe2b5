"""The one place that speaks to servers: patient, suspicious, and able to go on."""

from nimare_neurosynth._http._client import Client, Patience, base_address, host_of
from nimare_neurosynth._http._download import download, leftovers
from nimare_neurosynth._http._send import Token, json_bytes, send, token_from

__all__ = [
    "Client",
    "Patience",
    "Token",
    "base_address",
    "download",
    "host_of",
    "json_bytes",
    "leftovers",
    "send",
    "token_from",
]
