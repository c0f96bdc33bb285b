"""The servers, contenders and scenarios of a comparison as tables, and the user's target."""
