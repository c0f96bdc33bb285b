"""Show a record: terminal, JSON, CSV, Markdown and the HTML page."""
