"""Events are the recorded steps between servers and apps: their format, and how the parent process receives them."""
