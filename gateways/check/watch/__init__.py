"""The watchers of the app's own process. Each knows one kind of evidence and records its observations in `Notes`."""
