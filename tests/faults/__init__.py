"""Servers that go wrong at random: what comes must be whole, or refused in time."""
