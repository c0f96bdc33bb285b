"""Record the steps between servers and apps as events, and send the events to the parent process."""
