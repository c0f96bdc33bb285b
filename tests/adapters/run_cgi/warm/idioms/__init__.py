"""Programs as they are written: one row each, run cold and warm with different requests by test_idioms.py."""
