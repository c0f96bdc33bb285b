"""Send requests to an app in its own process, through its own interface, and watch its messages."""
