"""Recording and showing what a server and an app say to each other: the half that the three sides share.

While the app runs, an observer (gateways/<mode>/trace.py) makes one tuple a step (events). A recorder carries those out
of the app's way (recorder) and to the process that shows them (channel). There they are counted up (exchange), become
rows (rows) and rows become text (text): pure functions, which know no socket, thread, process, loop or clock.
"""
