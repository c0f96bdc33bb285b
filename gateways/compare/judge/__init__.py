"""Compute figures, statistics, verdicts and doubts from the record. It must not measure anything."""
