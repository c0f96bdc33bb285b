"""The watchers, which run in the app's process. Each knows one kind of evidence and records observations in `Notes`."""
