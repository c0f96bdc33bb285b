"""What to compare: servers, contenders, scenarios and the user's target, as tables of rows."""
