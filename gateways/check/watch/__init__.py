"""The watchers of the app's own process. Each knows one kind of evidence and takes down what it sees in `Notes`."""
