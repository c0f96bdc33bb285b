"""Read the HTTP requests that a user passes to a command, from options and files.

request, traffic, session, values and options are pure. har, access_log and json_lines turn text into requests. read
opens files. Nothing here sends a request or depends on an HTTP client.
"""
