"""Idioms of processes, threads, signals and exits."""

from tests.adapters.run_cgi.warm.idioms.idiom import HEAD, Idiom

QUERY = "os.environ['QUERY_STRING']"
TRACE = (
    f"import atexit, json, os, sys\n{HEAD}def bye(): pass\natexit.register(bye)\n"
    "def trace(frame, event, _): os.write(1, f'{event} {frame.f_code.co_name}\\n'.encode())\nsys.settrace(trace)\n"
)
PROCESSES = {
    "state_of_the_process": Idiom(
        "import fcntl, json, os, resource, signal, stat, sys\n"
        f"{HEAD}print(json.dumps([os.umask(0o22), os.getcwd(), sys.argv, sys.orig_argv, sys.executable, sys.flags, sys.path,\n"
        "  os.getsid(0) == os.getpid() == os.getpgrp(), sorted(os.environ.items()), os.nice(0), sys.getrecursionlimit(),\n"
        "  [resource.getrlimit(n) for n in range(10)], [str(signal.getsignal(n)) for n in range(1, 32)],\n"
        "  sorted(f for f in os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd/' + f)),\n"
        "  [stat.S_IFMT(os.fstat(n).st_mode) for n in range(3)], [fcntl.fcntl(n, fcntl.F_GETFL) for n in range(3)],\n"
        "  open('/proc/self/comm').read(), len(os.listdir('/proc/self/task')), sorted(signal.pthread_sigmask(0, [])),\n"
        "  os.sched_getaffinity(0) == set(range(os.cpu_count())), os.times().user < 5]))\n"
    ),
    "at_exit": Idiom(
        f"import atexit, json, os, mine\n{HEAD}atexit.register(print, 'last', {QUERY})\natexit.register(print, 'first')\n"
        "atexit.register(lambda: 1 / 0)\nprint('body')",
        {"mine.py": "import atexit\natexit.register(print, 'of a module')\n"},
        varies=r"0x[0-9a-f]+",
        fault="ZeroDivisionError",
    ),
    "finalizers": Idiom(
        "import json, os, weakref, mine\n"
        f"{HEAD}class Last:\n    def __init__(self, name): self.name = name\n"
        "    def __del__(self): print('finalized', self.name, os.path.basename(__file__))\n"
        "last = Last('global'); cycle = Last('cycle'); cycle.me = cycle; mine.kept = Last('kept')\n"
        "weakref.finalize(last, print, 'weakly')\n",
        {"mine.py": "class Own:\n    def __del__(self): print('own', os)\nimport os\nown = Own()\n"},
        varies=r"0x[0-9a-f]+",
        fault="NameError",
    ),
    "fails": Idiom(
        f"import json, mine\n{HEAD}mine.fail(0)", {"mine.py": "def fail(n): return 1 / n\n"}, fault="ZeroDivisionError"
    ),
    "fails_with_causes": Idiom(
        f"import json\n{HEAD}try:\n    {{}}['x']\nexcept KeyError as error:\n    raise ExceptionGroup('all', [ValueError(1), error]) from error",
        fault="KeyError",
    ),
    "fails_with_a_hook": Idiom(
        f"import json, sys\n{HEAD}sys.excepthook = lambda *info: print('hook', *info[:2])\n1 / 0", fault="exit status 1"
    ),
    "fails_with_a_failing_hook": Idiom(
        f"import json, sys\n{HEAD}def hook(*info):\n    raise KeyError('hook')\nsys.excepthook = hook\n1 / 0",
        fault="Error in sys.excepthook",
    ),
    "interrupted": Idiom(f"import json\n{HEAD}raise KeyboardInterrupt", fault="KeyboardInterrupt"),
    "exits": Idiom(f"import json, os, sys\n{HEAD}sys.exit(int({QUERY}[7:]) + 2)", fault="exit status 2"),
    "exits_with_text": Idiom(f"import json, os, sys\n{HEAD}sys.exit('why ' + {QUERY})", fault="exit status 1"),
    "exits_with_less_than_nothing": Idiom(f"import json, sys\n{HEAD}sys.exit(-3)", fault="exit status 253"),
    "exits_in_a_thread": Idiom(
        f"import json, sys, threading\n{HEAD}t = threading.Thread(target=sys.exit, args=(3,)); t.start(); t.join(); print('on')"
    ),
    "threads": Idiom(
        f"import os, threading, time\n{HEAD}def work(): time.sleep(0.05); print('from a thread', {QUERY})\n"
        "threading.Thread(target=work).start()\nprint(threading.current_thread(), threading.active_count())",
        varies=r"\d{6,}",
    ),
    "daemon_thread": Idiom(
        f"import threading, time\n{HEAD}threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\nprint('body')"
    ),
    "failing_thread": Idiom(
        f"import threading\n{HEAD}t = threading.Thread(target=lambda: 1 / 0, name='T'); t.start(); t.join()",
        fault="Exception in thread",
    ),
    "thread_pool": Idiom(
        f"from concurrent.futures import ThreadPoolExecutor\n{HEAD}pool = ThreadPoolExecutor(4)\n"
        "print(list(pool.map(str.upper, 'abc')))\npool.submit(print, 'later')"
    ),
    "main_thread": Idiom(
        f"import os, threading\n{HEAD}main = threading.main_thread()\n"
        "print(main, main is threading.current_thread(), main.native_id == os.getpid(), main.ident == threading.get_ident())",
        varies=r"\d{6,}",
    ),
    "forks": Idiom(
        f"import json, os\n{HEAD}pid = os.fork()\nif not pid:\n    print('child', {QUERY}, flush=True)\n    os._exit(3)\n"
        "print('parent', os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))"
    ),
    "processes_by_fork": Idiom(
        "import multiprocessing as m, os\ndef work(q): q.put(os.environ['QUERY_STRING'])\n"
        f"if __name__ == '__main__':\n    {HEAD}    m.set_start_method('fork')\n    q = m.Queue(); p = m.Process(target=work, args=(q,)); p.start()\n"
        "    print(q.get()); p.join(); print(p.exitcode, m.current_process().name, m.parent_process())"
    ),
    "processes_by_spawn": Idiom(
        "import multiprocessing as m, os\ndef work(q): q.put(os.environ['QUERY_STRING'])\n"
        f"if __name__ == '__main__':\n    {HEAD}    m.set_start_method('spawn')\n    q = m.SimpleQueue(); p = m.Process(target=work, args=(q,)); p.start()\n"
        "    print(q.get()); p.join(); print(p.exitcode)"
    ),
    "subprocess": Idiom(
        f"import subprocess\n{HEAD}print(subprocess.run(['cat'], capture_output=True).stdout)\n"
        "subprocess.run(['sh', '-c', 'echo from sh $QUERY_STRING; echo on stderr >&2'])"
    ),
    "runs_itself_again": Idiom(
        "import json, os, sys\nif 'AGAIN' not in os.environ:\n    os.environ['AGAIN'] = '1'\n    os.execv(sys.executable, [sys.executable, *sys.argv])\n"
        f"{HEAD}print(os.environ['QUERY_STRING'], sys.argv)",
        shares=False,
    ),
    "alarm": Idiom(
        f"import json, signal, sys\n{HEAD}def ring(number, frame):\n    print('ring', number, frame.f_code.co_name)\n    sys.exit(4)\n"
        "signal.signal(signal.SIGALRM, ring)\nsignal.setitimer(signal.ITIMER_REAL, 0.05)\nsignal.pause()",
        fault="exit status 4",
    ),
    "terminates_itself": Idiom(
        f"import json, os, signal\n{HEAD}print('x', flush=True)\nos.kill(os.getpid(), signal.SIGTERM)", shares=False
    ),
    "broken_pipe": Idiom(
        f"import json, os, signal\n{HEAD}r, w = os.pipe(); os.close(r)\ntry:\n    os.write(w, b'x')\nexcept BrokenPipeError as e: print(e)"
    ),
    "event_loop": Idiom(
        f"import asyncio, os\nasync def main():\n    await asyncio.sleep(0.01)\n    p = await asyncio.create_subprocess_exec('true')\n"
        f"    print(await p.wait(), {QUERY})\n{HEAD}asyncio.run(main())"
    ),
    "files_left_open": Idiom(
        f"import json, os, mine\n{HEAD}mine.left = open('left.txt', 'w'); mine.left.write({QUERY})\nprint(os.path.getsize('left.txt'))\n"
        "kept = open('kept.txt', 'a+'); kept.write('x'); import builtins; builtins.kept = kept\nprint(len(open('kept.txt').read()))",
        {"mine.py": "left = None\n"},
        change=lambda folder, _: (folder / "kept.txt").unlink(missing_ok=True),
    ),
    "finalizers_in_order": Idiom(
        f"import json, sys\n{HEAD}class Last:\n    def __init__(self, name): self.name = name\n"
        "    def __del__(self): print('finalized', self.name, sys.is_finalizing())\n"
        "_first = Last('private'); last = Last('global'); many = [Last('in a list')]\n"
        "Last.own = Last('of the class'); cycle = Last('cycle'); cycle.me = cycle\n"
    ),
    "task_left_pending": Idiom(
        f"import asyncio\n{HEAD}async def wait(): await asyncio.sleep(60)\n"
        "loop = asyncio.new_event_loop(); task = loop.create_task(wait()); loop.run_until_complete(asyncio.sleep(0))\n",
        varies=r"0x[0-9a-f]+",
    ),
    "traced": Idiom(f"{TRACE}def work(): pass\nwork()\n"),
    "traced_and_fails": Idiom(
        f"{TRACE}def hook(*info): print('hook')\nsys.excepthook = hook\n1 / 0", fault="exit status 1"
    ),
    "traced_and_exits": Idiom(f"{TRACE}sys.exit('text')", fault="exit status 1"),
    "audited_to_the_end": Idiom(
        f"import json, sys\n{HEAD}def hook(event, words):\n"
        "    if not event.startswith(('compile', 'marshal', 'import', 'sys._getframe', 'object.')): raise RuntimeError(event)\n"
        "sys.addaudithook(hook)\nprint('body')"
    ),
    "unclosed_files": Idiom(
        f"import json, mine, socket, warnings\n{HEAD}warnings.simplefilter('always')\n"
        "kept = socket.socket(); cycle = [open('/dev/null')]; cycle.append(cycle)",
        {"mine.py": "kept = open('/dev/null')\n"},
        varies=r"fd=\d+",
    ),
    "finalizers_without_builtins": Idiom(
        f"import json, mine, sys\n{HEAD}class Last:\n    def __init__(self, work): self.work = work\n"
        "    def __del__(self): print(self.work, self.work())\n"
        "def opens(): return open('/dev/null').close()\ndef imports(): import mine, colorsys\n"
        "def looks(): return sys.path, sys.meta_path, sys.stdout is not None\n"
        "last = [Last(opens), Last(imports), Last(looks)]",
        {"mine.py": ""},
        varies=r"0x[0-9a-f]+",
        fault="NameError",
    ),
}
