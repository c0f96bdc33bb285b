"""The subjects of a comparison, as tables: servers, contenders, scenarios, and the user's target."""
