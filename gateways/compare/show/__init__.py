"""Show a record on the terminal, as JSON, CSV and Markdown, and as an HTML page."""
