"""The apps of the battery: real frameworks, middleware and applications, set up as their documentation says."""
