"""What the columns of the tables mean. Data only, in the order in which they are shown."""

COLUMNS: dict[str, str] = {
    "contender": "The mode, the server, the adapter if there is one, and the number of threads that run the app.",
    "first byte": "From when the request was sent to when half of the clients had the first byte of the body.",
    "gaps": "Between the parts of a body, as they arrive: half are shorter.",
    "gaps, p90": "Nine of ten are shorter.",
    "held": "How many of the clients behind have been answered, and hold the server now.",
    "others answered": "The share of the others' requests that were answered rightly and in time.",
    "clients": "How many asked it at a time, where not everybody was asked by as many.",
    "answers/s": "Verified answers a second: the slices' median, of few all together. ≥: the client limits it.",
    "ratio": "As a multiple of the reference's, with its 95 % interval. A tie: none is claimed (of one run: below 2).",
    "group": "Those that share a letter cannot be told apart.",
    "CPU/answer": "CPU time of the server's processes for each answer; × as a multiple of the reference's.",
    "p50": "Half of the requests took no longer. With @, at a fixed rate, counted from when each was due.",
    "p75": "Three of four took no longer.",
    "p90": "Nine of ten took no longer.",
    "p99": "99 of 100 took no longer; one that fails takes for ever. Empty where there are too few samples.",
    "body": "Bytes of bodies a second.",
    "memory": "The most that the server's processes took of their own at one time.",
    "threads": "The most threads that the server's processes had, and how many processes, if more than one.",
    "lost": "The share of requests that were not answered rightly and in time.",
    "limit": "Why it does not do more: cpu, threads=N, one loop (that stands still), clients, client, errors.",
}
"""A column's name may be followed by @ and a rate."""
