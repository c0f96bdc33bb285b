"""Idioms of randomness: the values of two runs must differ."""

from tests.adapters.run_cgi.warm.idioms.idiom import HEAD, Idiom

TOKEN = r"token=(\S+)"


def own(source: str) -> Idiom:
    """A value kept in a module of the program."""
    return Idiom(f"import json, mine\n{HEAD}print(f'token={{mine.token}}')", {"mine.py": source}, random=TOKEN)


def library(source: str) -> Idiom:
    """A value kept in a library."""
    return Idiom(f"import json, lib\n{HEAD}print(f'token={{lib.token}}')", libraries={"lib": source}, random=TOKEN)


def now(expression: str, imports: str) -> Idiom:
    """A value that the program requests."""
    return Idiom(f"import {imports}\n{HEAD}print(f'token={{{expression}}}')", random=TOKEN)


MODULES = {
    "generator": "import random\nrng = random.Random()\nclass Token:\n    def __str__(self): return str(rng.random())\ntoken = Token()",
    "number": "import random\ntoken = random.random()",
    "secret": "import secrets\ntoken = secrets.token_hex()",
    "uuid": "import uuid\ntoken = uuid.uuid4()",
    "time_based_uuid": "import uuid\ntoken = uuid.uuid1()",
    "process": "import os\ntoken = os.getpid()",
    "moment": "import time\ntoken = time.time_ns()",
    "file_name": "import tempfile\ntoken = tempfile.mktemp()",
    "key_of_processes": "import multiprocessing\ntoken = multiprocessing.current_process().authkey.hex()",
    "of_openssl": "import ssl\ntoken = ssl.RAND_bytes(16).hex()",
}
RANDOM = {
    **{f"own_{name}": own(source) for name, source in MODULES.items()},
    **{f"library_{name}": library(source) for name, source in MODULES.items()},
    "now_random": now("random.random()", "random"),
    "now_shuffled": now("random.sample(range(10**9), 3)[0]", "random"),
    "now_system": now("random.SystemRandom().random()", "random"),
    "now_secret": now("secrets.token_urlsafe()", "secrets"),
    "now_uuid": now("uuid.uuid4()", "uuid"),
    "now_time_based_uuid": now("uuid.uuid1()", "uuid"),
    "now_urandom": now("os.urandom(8).hex()", "os, json"),
    "now_file_name": now("tempfile.mktemp()", "tempfile"),
    "now_openssl": now("ssl.RAND_bytes(8).hex()", "ssl"),
    "now_key_of_processes": now("multiprocessing.current_process().authkey.hex()", "multiprocessing"),
    "now_process": now("os.getpid()", "os, json"),
    "now_thread": now("threading.main_thread().native_id == os.getpid() and os.getpid()", "os, threading"),
}
