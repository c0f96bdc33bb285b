"""Threads, event loops, and the channels between them. Knows nothing about HTTP."""
