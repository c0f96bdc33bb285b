"""The WebSocket protocol (RFC 6455): frames, the opening handshake, and a connection on an event loop."""
