"""Compute figures, statistics, verdicts and doubts from the record. Measures nothing."""
