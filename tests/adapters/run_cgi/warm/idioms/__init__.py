"""Realistic programs, one row each; test_idioms.py runs them cold and warm with different requests."""
