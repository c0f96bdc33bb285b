"""Events, the recorded steps between servers and apps: their format, and how they reach the parent process."""
