"""Benchmarks: ``python -m tests.benchmarks --data FOLDER``; see docs/performance."""
