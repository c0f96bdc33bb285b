"""Table of the reasons to doubt a figure: their names, meanings and remedies. `doubts` tests which reasons apply."""

REASONS: dict[str, tuple[str, str]] = {
    "one-core": (
        "client and server share the only core and slow each other, so no latency is reported",
        "measure on a machine with two cores or more",
    ),
    "not-bound": (
        "processes cannot be pinned to cores on this system, so the system moves them between cores",
        "measure on Linux; here, trust large differences only",
    ),
    "few-cores": (
        "worker processes share cores, so additional processes do not increase throughput here",
        "measure on a machine with a core for each worker process, and one for the load client",
    ),
    "not-seen": (
        "the servers were already running, so CPU, memory and load of their machine are unknown",
        "run gateways compare with the app on their machine: it reports CPU, memory and threads",
    ),
    "busy-machine": (
        "other programs kept cores busy before the start",
        "stop these programs and compare again; they change rates most, ratios less, and CPU time per response least",
    ),
    "stolen-time": ("the hypervisor gave CPU time to other machines", "use a machine that is not shared"),
    "changing-clock": ("the CPU frequency follows the load", "run cpupower frequency-set --governor performance"),
    "quota": ("the control group limits the CPU time", "remove the limit"),
    "interrupted": ("the comparison was interrupted, so it has fewer slices", "do not stop the comparison early"),
    "disturbed": (
        "other programs kept cores busy during the measurement",
        "stop these programs; the intervals and the noise floor show the effect",
    ),
    "apart": (
        "clients on several machines did not start at the same time, so their slices overlap only in part",
        "use locust workers in one network",
    ),
    "not-installed": (
        "some contenders were not compared, because packages are missing",
        "install gateways with the extra `compare`",
    ),
    "left-out": (
        "some contenders were not measured, or only in part",
        "gateways trace shows the response; read the servers' logs",
    ),
    "noise": (
        "two runs of the same server differ",
        "trust large differences only; stop other programs, or use --thorough, which measures more rounds",
    ),
    "varying": (
        "responses vary, so they are not verified to the last byte",
        "use a request whose response is always the same, if possible",
    ),
    "not-replayed": (
        "part of the recorded traffic is not sent",
        "record bodies and logins in a HAR file, or write the requests as JSON lines",
    ),
    "requests-left-out": (
        "requests are not measured, because their responses are unexpected",
        "if the response is correct, use --expect STATUS, or `expect` in a file of requests",
    ),
    "clock": (
        "the clock was set during some slices, so these slices were dropped",
        "stop the program that sets the clock",
    ),
    "one-run": ("each contender ran once, so only orders of magnitude can be compared", "use --thorough"),
    "few-answers": (
        "slices contain few responses, so the rate is computed from all slices together, with a wide interval",
        "trust large differences only; use --thorough",
    ),
    "errors": ("responses are lost or wrong", "read the servers' logs; such responses do not count as throughput"),
    "retried": (
        "the server closed connections without a response, so the load client sent requests again, as browsers do",
        "read the servers' logs: some servers close the connection after an exception in the app",
    ),
    "littles-law": (
        "rate × latency differs from the number of clients; by Little's law, they must be equal",
        "other programs delayed the load client; stop them",
    ),
    "growth": (
        "memory grew under load and was not released",
        "compare again with a longer --duration; if memory grows each time, there is a memory leak",
    ),
    "client-limited": (
        "the load client reached its maximum rate, so these servers may be faster than shown",
        "use a machine with a faster core, or a request that needs more CPU time in the app",
    ),
    "no-keep-alive": (
        "the server closes the connection after each response, so the figures include the time to connect",
        "use a variant of the server that keeps connections, such as gunicorn-gthread",
    ),
    "few-samples": ("too few samples for a 99th percentile", "use --thorough"),
    "client-lag": (
        "the load client read responses late, so its own delay is part of the latency (99th percentiles)",
        "stop other programs; trust the medians",
    ),
}
"""The meaning and the remedy of each doubt, by name. They have the order of the report."""
