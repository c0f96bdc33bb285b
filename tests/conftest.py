"""What every test needs of its process, whichever way pytest was started.

Knows signals only.
"""

import signal

# A shell without job control starts background jobs with SIGINT ignored; each server that a test starts inherits that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
