"""More than one machine, with Dask. This is the one place that knows it; running and marking are handed a pool.

A job is a function and its argument, as bytes. A worker gets one only after it has proved that its checkout, its Python
and its packages are those of the machine that asks. Each worker process has one job of ours at a time, sent to its
address, and we count ourselves which job ended a worker: Dask would suspect those that waited there, too.
"""

import asyncio
import contextlib
import logging
import pickle
import sys
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from multiprocessing import resource_tracker
from typing import Any

from course_lib.common.errors import CourseError, LostCluster
from course_lib.common.files import digest_json
from course_lib.common.worker import COMPILED, PLACE, Refusal, differences, end_job, perform, proof

DEATHS = 3  # of workers with the same job: then it is the job
ANSWER = 5  # seconds in which a scheduler that is there has answered
LOOK = 0.5  # seconds between two looks at who is there
PATIENCE = 30  # seconds without a worker; where one ended, the next is there after a few
SILENCE = 60  # seconds in which a scheduler that lives says something
# In words that every Python has: a worker that cannot find what it is asked for must be able to say so.
PROVE = "__import__('course_lib.common.worker', fromlist=['proof']).proof({asked!r})"
ENDED = f"ended {DEATHS} workers, one after another, while it ran there; run it without --cluster to see why"


def to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


class Cluster:
    """A pool, to be used in a `with` statement: cluster(function, tasks, give_up) yields results as they are ready.

    address: tcp://HOST:PORT of a scheduler (tls:// with Dask's own settings), or local:N for N workers on this machine.
    asked: what a worker must prove besides, see `proof`. say: takes a line about each worker that is not used.
    patience: seconds for which no worker need be there.

    CourseError where nobody answers or no worker may be used; LostCluster where the scheduler or the last worker goes
    away. `lost` then is its sentence, for those who go on with what is done.
    """

    def __init__(
        self,
        address: str,
        asked: tuple[str, ...] = (),
        say: Callable[[str], None] = to_stderr,
        patience: float = PATIENCE,
    ):
        self.address, self.asked, self.say, self.patience = address, asked, say, patience
        self.lost = ""
        self.token = uuid.uuid4().hex  # tells our jobs from those of others on the same worker
        self.client: Any = None
        self.local: Any = None
        self.before: set = set()  # processes that a local cluster has not started
        self.running: dict[Any, tuple[str, int]] = {}  # future -> (address of its worker, place of its task)

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def __call__(self, function: Callable, tasks: list, give_up: Callable[[Any, str], Any]) -> Iterator:
        """give_up(task, problem): the result of a task that cannot be done."""
        if not tasks:
            return
        self.connect()
        done = 0
        try:
            for result in self.results(function, tasks, give_up):
                done += 1
                yield result
        except (OSError, CancelledError):  # a connection that closed, futures that nobody else would cancel
            self.lose(f"the scheduler at {self.address} went away", done, len(tasks))
        except NoWorker as problem:
            self.lose(str(problem), done, len(tasks))
        finally:
            self.close()

    def lose(self, problem: str, done: int, total: int) -> None:
        self.lost = f"{problem}; {done} of {total} jobs were done and are kept, the same command does the others"
        raise LostCluster(self.lost) from None

    def results(self, function: Callable, tasks: list, give_up: Callable[[Any, str], Any]) -> Iterator:
        from distributed import KilledWorker

        workers = Workers(self.client, self.address, self.asked, self.say, self.patience)
        waiting, deaths = deque(range(len(tasks))), Counter()
        while waiting or self.running:
            workers.look()
            for future, (address, place) in list(self.running.items()):
                if address not in workers.present:
                    self.drop(future)
                    deaths[place] += 1
                    waiting.appendleft(place)
            for place in [place for place in waiting if deaths[place] >= DEATHS]:
                waiting.remove(place)
                yield give_up(tasks[place], ENDED)
            busy = {address for address, _ in self.running.values()}
            for address in workers.proved.keys() - busy:
                if waiting:
                    place = waiting.popleft()
                    work = pickle.dumps((function, tasks[place]))
                    arguments = work, workers.proved[address], self.asked, self.token
                    self.running[send(self.client, address, perform, *arguments)] = address, place
            for future in ready([*self.running, *workers.proving]):
                if future in workers.proving:
                    workers.judge(future)
                    continue
                address, place = self.running[future]
                try:
                    result = future.result(timeout=ANSWER)
                except TimeoutError:  # its worker ended behind the work and took the result along: see `look`
                    continue
                except KilledWorker:  # one that came back at the same address, again and again
                    result = give_up(tasks[place], ENDED)
                self.drop(future)
                if isinstance(result, Refusal):
                    workers.doubt(address, result.problem)
                    waiting.appendleft(place)
                else:
                    yield result

    def drop(self, future) -> None:
        future.cancel()
        del self.running[future]

    def connect(self) -> None:
        try:
            import distributed
        except ModuleNotFoundError:
            raise CourseError(
                "--cluster needs Dask; install it once, here and there: python3 -m course_lib setup --cluster"
            ) from None
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what a person must know, we say
        self.lost = ""
        resource_tracker.ensure_running()  # Python's own helper, which lasts as long as this process
        self.before = children()
        if self.address.startswith("local:"):
            self.local = local_cluster(n_workers(self.address))
        else:
            asyncio.run(knock(self.address))
        self.client = distributed.Client(self.local or self.address, timeout=ANSWER)

    def close(self) -> None:
        """End our jobs on the workers, and every process of a local cluster."""
        client, local, running = self.client, self.local, dict(self.running)
        self.client = self.local = None
        self.running.clear()
        with contextlib.suppress(Exception):  # whatever state it is in, nobody waits for it
            if running and local:
                kill(children() - self.before)
            elif running and not self.lost:
                client.cancel(list(running))
                busy = [address for address, _ in running.values()]
                client.run(end_job, self.token, workers=busy, wait=False, on_error="ignore")
        for one in (client, local):
            with contextlib.suppress(Exception):
                if one:
                    one.close(timeout=ANSWER)
        if local:
            kill(children() - self.before)


class Workers:
    """Who is there, who has proved itself, and who is not used.

    present: address -> what the scheduler knows. proving: future -> address. proved: address -> digest of its proof.
    """

    def __init__(self, client, address: str, asked: tuple[str, ...], say: Callable[[str], None], patience: float):
        self.client, self.address, self.asked, self.say, self.patience = client, address, asked, say, patience
        self.ours = proof(asked)
        self.present: dict[str, dict] = {}
        self.proving: dict[Any, str] = {}
        self.proved: dict[str, str] = {}
        self.refused: set[str] = set()
        self.compiled: dict[str, str] = {}  # machine and checkout -> the compiled files at its first proof
        self.used = False  # has one ever been
        self.seen = time.monotonic()  # when one was there that is or may be used

    def look(self) -> None:
        """Ask the scheduler who is there, and newcomers for their proof. NoWorker where it lasts too long."""
        identity = self.client.sync(self.client.scheduler.identity, n_workers=-1, callback_timeout=SILENCE)
        self.present = identity["workers"]
        self.proved = {address: digest for address, digest in self.proved.items() if address in self.present}
        self.proving = {future: address for future, address in self.proving.items() if address in self.present}
        self.refused &= self.present.keys()
        self.meet(self.present.keys() - self.proved.keys() - self.refused - set(self.proving.values()))
        if self.proved or self.proving:
            self.seen = time.monotonic()
        elif self.refused and not self.used:
            raise CourseError(f"none of the workers at {self.address} can be used; what differs is said above")
        elif time.monotonic() - self.seen > self.patience:
            raise NoWorker(f"no worker that can be used has been at {self.address} for {self.patience:.0f} s")

    def meet(self, newcomers: set[str]) -> None:
        """Ask for a proof whoever has our Dask. The others could not read the question, and would end over it."""
        if not newcomers:
            return
        versions = self.client.get_versions()
        ours = {name: versions["client"]["packages"][name] for name in ("dask", "distributed", "python")}
        for address in newcomers & versions["workers"].keys():
            found = versions["workers"][address]["packages"]
            problem = differences({name: found[name] for name in ours}, ours)
            if problem:
                self.refuse(address, problem)
            else:
                self.proving[send(self.client, address, eval, PROVE.format(asked=self.asked))] = address

    def judge(self, future) -> None:
        """Use the worker from now on, or say why not."""
        address = self.proving.pop(future)
        try:
            theirs = future.result(timeout=ANSWER)
        except (OSError, CancelledError):  # it went, or the scheduler did: the next look finds out
            return None
        except Exception as error:  # it does not even know what it is asked for
            return self.refuse(address, f"it has no course_lib like this one ({type(error).__name__}: {error})")
        ours = self.ours
        if COMPILED in theirs:
            ours = {**ours, COMPILED: self.compiled.setdefault(theirs[PLACE], theirs[COMPILED])}
        found = differences(theirs, ours)
        if found:
            return self.refuse(address, found)
        self.used = True
        self.proved[address] = digest_json(theirs)
        return None

    def doubt(self, address: str, problem: str) -> None:
        """It gave a job back: ask for its proof once more, unless it said what is the matter."""
        self.proved.pop(address, None)
        if problem:
            self.refuse(address, problem)

    def refuse(self, address: str, problem: str) -> None:
        self.refused.add(address)
        name = self.present.get(address, {}).get("name", address)
        self.say(f"not used: worker {address}{'' if name == address else f' ({name})'}: {problem}")


class NoWorker(Exception):
    """Nobody is there to do the rest."""


async def knock(address: str) -> None:
    """CourseError unless a scheduler answers. A client that meets something else would not even end."""
    from distributed import Security, rpc

    try:
        arguments = Security().get_connection_args("client")
        async with asyncio.timeout(ANSWER), rpc(address, connection_args=arguments) as there:
            identity: Any = await there.identity()
        kind = identity["type"]
        problem = "" if kind == "Scheduler" else f"a Dask {kind.lower()} answers there, and not the scheduler"
    except Exception as error:  # whatever listens there may say anything
        said = "" if isinstance(error, MemoryError) else " ".join(str(error).split())  # a length that was none
        problem = f"no Dask scheduler answers there ({said or type(error).__name__})"
    if problem:
        raise CourseError(f"{address}: {problem}; start one, or correct --cluster (tcp://HOST:PORT, or local:2)")


def send(client, address: str, function: Callable, *arguments):
    """A future of function(*arguments) in that worker process and in no other."""
    key = f"course-{uuid.uuid4().hex}"
    return client.submit(function, *arguments, key=key, workers=[address], allow_other_workers=False, pure=False)


def ready(futures: list) -> list:
    """Those that are done; waits for one, but not for long."""
    from distributed import wait

    if not futures:
        time.sleep(LOOK)
        return []
    try:
        found: Any = wait(futures, timeout=LOOK, return_when="FIRST_COMPLETED")
        return list(found.done)
    except TimeoutError:
        return []


def children() -> set:
    import psutil

    return set(psutil.Process().children(recursive=True))


def local_cluster(n_workers: int):
    """Processes that only this machine can reach. Dask opens a web server with each; ours have no page to show."""
    from dask import config
    from distributed import LocalCluster

    with config.set({f"distributed.{kind}.http.routes": [] for kind in ("scheduler", "worker")}):
        return LocalCluster(
            n_workers=n_workers, threads_per_worker=1, processes=True, host="127.0.0.1", memory_limit=0,
            scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"}, silence_logs=logging.CRITICAL,
        )  # fmt: skip


def kill(processes: set) -> None:
    for process in processes:
        with contextlib.suppress(Exception):  # it may have gone by itself
            process.kill()


def n_workers(address: str) -> int:
    count = address.removeprefix("local:")
    if not count.isdecimal() or int(count) < 1:
        raise CourseError(f"--cluster {address}: write how many workers this machine shall have, for instance local:2")
    return int(count)
