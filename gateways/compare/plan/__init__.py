"""Tables of what is compared: servers, contenders, scenarios, and the user's target."""
