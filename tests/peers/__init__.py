"""The contract suite of WSGIToASGI, run against the other adapters; `python -m tests.peers` writes docs/peers.md."""
