"""Every reason to doubt a figure, by name: its meaning and its remedy. Data only: `doubts` tests which
reasons apply.
"""

REASONS: dict[str, tuple[str, str]] = {
    "one-core": (
        "client and server share the only core and slow each other, so no latency is reported",
        "measure on a machine with two cores or more",
    ),
    "not-bound": (
        "processes cannot be pinned to cores here, so the system moves them",
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
        "stop them and compare again; rates are affected most, ratios less, CPU time per response least",
    ),
    "stolen-time": ("the hypervisor gave CPU time to other machines", "use a machine that is not shared"),
    "changing-clock": ("the CPU frequency follows the load", "run cpupower frequency-set --governor performance"),
    "quota": ("the control group limits the CPU time", "remove the limit"),
    "interrupted": ("the comparison was interrupted, so it has fewer slices", "let it finish"),
    "disturbed": (
        "other programs used part of the cores during the measurement",
        "stop them; intervals and noise floor show the effect",
    ),
    "apart": (
        "clients on several machines did not start at the same instant, so their slices overlap only in part",
        "use workers on one network",
    ),
    "not-installed": (
        "contenders are not compared, because packages are missing",
        "install gateways with the extra `compare`",
    ),
    "left-out": (
        "some contenders were not measured, or only in part",
        "gateways trace shows the response; read the servers' logs",
    ),
    "noise": (
        "two runs of the same server differ",
        "trust large differences only; stop other programs, or use --thorough for more rounds",
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
        "if the response is right, use --expect STATUS, or `expect` in a file of requests",
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
        "rate × latency is not the number of clients, as Little's law requires",
        "other programs delayed the load client; stop them",
    ),
    "growth": (
        "memory grew under load and was not released",
        "compare again with a longer --duration; if memory grows each time, it is a leak",
    ),
    "client-limited": (
        "the load client reached its limit, so these servers may be faster than shown",
        "use a faster core for the client, or an app that does more",
    ),
    "no-keep-alive": (
        "the server closes the connection after each response, so the figures include the time to connect",
        "use a variant of the server that keeps connections, such as gunicorn-gthread",
    ),
    "few-samples": ("too few samples for a 99th percentile", "use --thorough"),
    "client-lag": (
        "the load client read responses late, so part of the latency is its own delay (both are 99th percentiles)",
        "stop other programs; trust the medians",
    ),
}
"""By name of a doubt, its meaning and its remedy. The order is that of the report: machine, run, scenarios."""
