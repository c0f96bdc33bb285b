"""HTTP requests as data, and the files they come from: the traffic that a user passes to a command.

request, traffic, session, values and options are pure. har, access_log and json_lines turn text into requests; read
opens files. Nothing here sends a request or depends on an HTTP client.
"""
