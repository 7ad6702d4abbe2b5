"""Servers on this machine that answer as servers do, well and badly."""

from tests.servers.faulty import Answer, FaultyServer, serving

__all__ = ["Answer", "FaultyServer", "serving"]
