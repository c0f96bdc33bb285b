"""The contract suites of both directions, run against other adapters; `python -m tests.peers` writes docs/peers.md."""
