"""Every reason to doubt a figure, by name: what it means, and what to try. Data only; `doubts` finds them."""

REASONS: dict[str, tuple[str, str]] = {
    "one-core": (
        "client and server share the only core, so each slows the other, and no latency is claimed",
        "measure on a machine with two cores or more",
    ),
    "not-bound": (
        "processes cannot be bound to cores here, so the system moves them about",
        "measure on Linux; here, trust large differences only",
    ),
    "not-seen": (
        "servers that ran already are known by their answers only: not what they take, nor what else runs there",
        "on their machine, gateways compare with the app itself: that sees CPU, memory and threads",
    ),
    "busy-machine": (
        "other programs kept cores busy before the beginning",
        "end them and compare again; ratios suffer less than rates, and CPU an answer least",
    ),
    "stolen-time": ("the hypervisor gave time to other machines", "use a machine of your own"),
    "changing-clock": ("the CPU's speed follows the load", "cpupower frequency-set --governor performance"),
    "quota": ("the control group limits the CPU time", "lift the limit"),
    "interrupted": ("it was interrupted, so what there is rests on fewer slices", "let it run to its end"),
    "disturbed": (
        "other programs took part of the cores meanwhile",
        "end them; how much it matters, the intervals and the noise floor tell",
    ),
    "apart": (
        "clients on several machines did not begin at the same instant, so the edges of slices are not everybody's",
        "workers nearer to each other, or --thorough",
    ),
    "not-installed": (
        "not compared, for they are not installed",
        "in the clone: python3 -m pip install -e '.[compare]'",
    ),
    "left-out": (
        "not measured, or not to the end",
        "gateways trace shows what it answers; read the servers' logs",
    ),
    "noise": (
        "the same server, measured twice, seems to differ from itself",
        "believe large differences only; end other programs, or take more rounds: --thorough",
    ),
    "varying": (
        "answers differ from one to the next, so they are not verified to the last byte",
        "a request whose answer is always the same, if there is one",
    ),
    "requests-left-out": (
        "requests are not among those that are measured, because of their answers",
        "--expect STATUS, or `expect` in a file of requests, if that is the right answer",
    ),
    "clock": ("slices are left out, for the clock was set meanwhile", "let nothing set it"),
    "one-run": ("there was one run of each: compare orders of magnitude", "--thorough"),
    "few-answers": (
        "slices hold few answers, so their rates are those of all slices together, and their intervals are wide",
        "believe large differences only; --thorough",
    ),
    "errors": ("answers are lost or wrong", "they do not count as throughput; read the servers' logs"),
    "littles-law": (
        "rate × time misses the number of clients",
        "the client was kept from its work: end other programs",
    ),
    "growth": ("memory grew under load, and was kept", "compare again for longer: if it grows each time, it is a leak"),
    "client-limited": (
        "the client had no more to give, so they may do more",
        "a faster core for the client, or an app that does more",
    ),
    "no-keep-alive": (
        "the connection is closed after each answer, so connecting is in the figures",
        "a kind of the server that keeps connections, if it has one, such as gunicorn-gthread",
    ),
    "few-samples": ("there are too few samples for a 99th percentile", "--thorough"),
    "client-lag": (
        "the client itself was late, by the first of the times, at the 99th percentile",
        "end other programs; believe the medians",
    ),
}
"""In the order in which they are said: first those of the machine and of the run, then those of scenarios."""
