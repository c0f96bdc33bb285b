"""Record and show the steps between a server and an app: the part that is common to the three interfaces.

While the app runs, an observer (gateways/<mode>/trace.py) records one tuple per step (events). A thread collects them
(recorder) and sends them to the process that shows them (channel). There they are summarised (exchange) and converted
to rows (rows) and text (text), by pure functions that know no socket, thread, process, loop or clock.
"""
