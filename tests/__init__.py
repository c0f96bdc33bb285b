"""Tests in three sizes: pure (literal values), in process, and real (tests/real: servers, programs and clients)."""
