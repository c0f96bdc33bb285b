"""What the columns of the tables mean. Data only, in the order in which they are shown."""

COLUMNS: dict[str, str] = {
    "contender": "Mode, server, adapter if there is one, and number of threads that run the app.",
    "first byte": "Time from sending the request to the first byte of the body, for half of the clients.",
    "gaps": "Median time between the pieces of a body, as they arrive.",
    "gaps, p90": "90th percentile of that time.",
    "held": "How many of the other clients have an answer and hold a connection.",
    "others answered": "Share of the remaining requests that got the right answer in time.",
    "clients": "Number of concurrent clients, if it is not the same for all contenders.",
    "answers/s": "Verified answers per second: median of the slices, or of all together if these hold few. "
    "≥: limited by the load client.",
    "ratio": "Relative speed; above 1, the contender is faster than the reference. With its 95 % interval. "
    "tie: no difference (after one run: below 2).",
    "group": "Contenders that share a letter are statistically indistinguishable.",
    "CPU/answer": "CPU time of the server's processes per answer; × compares it with the reference.",
    "p50": "Median latency. With @, at a fixed rate, counted from when each request was due.",
    "p75": "75th percentile of the latency.",
    "p90": "90th percentile of the latency.",
    "p99": "99th percentile of the latency; a lost answer counts as infinite. Empty if there are too few samples.",
    "body": "Bytes of response bodies per second.",
    "memory": "Peak memory of the server's own processes.",
    "threads": "Peak number of threads, and of processes, if there are several.",
    "lost": "Share of requests without the right answer in time.",
    "limit": "Bottleneck: cpu, threads=N, one loop (blocked by the app), clients, client (the load client), errors.",
}
"""A column's name may be followed by @ and a rate."""
