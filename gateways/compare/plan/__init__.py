"""Tables of the things that are compared: servers, contenders, scenarios, and the user's target."""
