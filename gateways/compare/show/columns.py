"""Data: the meaning of each column, in the order of the tables."""

COLUMNS: dict[str, str] = {
    "contender": "Mode, server, adapter if there is one, and number of threads that run the app.",
    "first byte": "Median time from sending the request to the first byte of the body.",
    "gaps": "Median time between the pieces of a body, as they arrive.",
    "gaps, p90": "90th percentile of the time between the pieces of a body.",
    "held": "Number of waiting or slow clients whose response began, and whose connection then stayed open.",
    "others answered": "Share of the requests of other clients with a correct response within the time limit.",
    "clients": "Number of concurrent clients, if it differs between contenders.",
    "requests/s": "Verified responses per second: the median of the slices. If slices contain few responses, it"
    " is the rate of all slices together. ≥ means that the load client was the bottleneck.",
    "ratio": "Relative speed, with its 95 % interval. Above 1, the contender is faster than the reference."
    " A tie means that the difference is smaller than the noise.",
    "group": "Contenders that share a letter are statistically indistinguishable.",
    "CPU/request": "CPU time of the server's processes per response. × compares it with the reference.",
    "p50": "Median latency. After @ is a fixed rate, at which requests were sent; each"
    " latency is measured from the time when the request was due.",
    "p75": "75th percentile of the time to the first byte.",
    "p90": "90th percentile of the latency.",
    "p99": "99th percentile of the latency. A lost response counts as infinite. Empty if there are too few samples.",
    "body": "Bytes of response bodies per second.",
    "memory": "Peak memory of the server's own processes.",
    "threads": "Peak number of threads. If there are several processes, also their peak number.",
    "lost": "Share of requests without a correct response within the time limit.",
    "limit": "Bottleneck. cpu: CPU time. threads=N: number of threads. one loop: blocking code. clients: "
    "too few clients. client: the load client. errors: lost responses.",
}
"""The name of a column in a table may have @ and a rate after it."""
