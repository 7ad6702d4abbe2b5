"""The one place that speaks to servers: patient, suspicious, and able to go on."""

from nimare_neurosynth._http._client import Client, Patience, host_of
from nimare_neurosynth._http._download import download, leftovers

__all__ = ["Client", "Patience", "download", "host_of", "leftovers"]
