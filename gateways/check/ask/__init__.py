"""Make requests of an app in its own process, by its own interface, and watch what it sends."""
