"""What servers and apps say to each other, as events: their form, and how they reach the parent process."""
