"""Data: the meaning of each column, in the order of the tables."""

COLUMNS: dict[str, str] = {
    "contender": "Mode, server, adapter if there is one, and number of threads that run the app.",
    "first byte": "Median time from sending the request to the first byte of the body.",
    "gaps": "Median time between the pieces of a body, as they arrive.",
    "gaps, p90": "90th percentile of the time between the pieces of a body.",
    "held": "Number of waiting or slow clients that got a response and keep their connection open.",
    "others answered": "Share of the remaining requests with a correct response within the time limit.",
    "clients": "Number of concurrent clients, if it differs between contenders.",
    "requests/s": "Verified responses per second: median of the slices, or all slices together if they contain few "
    "responses. ≥: limited by the load client.",
    "ratio": "Relative speed, with its 95 % interval; above 1, the contender is faster than the reference. "
    "tie: no difference (after a single run: below a factor of 2).",
    "group": "Contenders that share a letter are statistically indistinguishable.",
    "CPU/request": "CPU time of the server's processes per response; × compares it with the reference.",
    "p50": "Median latency. With @, at a fixed rate, counted from when each request was due.",
    "p75": "75th percentile of the latency.",
    "p90": "90th percentile of the latency.",
    "p99": "99th percentile of the latency; a lost response counts as infinite. Empty if there are too few samples.",
    "body": "Bytes of response bodies per second.",
    "memory": "Peak memory of the server's own processes.",
    "threads": "Peak number of threads, and of processes, if there are several.",
    "lost": "Share of requests without a correct response within the time limit.",
    "limit": "Bottleneck: cpu, threads=N, one loop (blocked), clients (too few), client (the load client), errors.",
}
"""A column's name may be followed by @ and a rate."""
