"""Tests of gateways.adapters.websocket."""
