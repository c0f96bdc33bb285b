"""Read the HTTP requests that a user passes to a command, from options and files.

All modules except read and source are pure. har, access_log and json_lines turn text into requests. source opens a
file, and read chooses the reader for its kind. Nothing here sends a request or depends on an HTTP client.
"""
