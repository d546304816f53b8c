"""A load generator in a process of its own: keeps so many connections busy, one request at a time on each.

It writes requests that were made before the clock starts and reads answers by their Content-Length, nothing more: a
client library takes about a millisecond of CPU a request, as long as what is measured. What it takes itself stands in
its report. Reads a job as JSON from standard input, writes a report to standard output.
"""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import uvloop


@dataclass(frozen=True, slots=True)
class Job:
    """What to ask: ``bodies`` in their order by POST, each once, by as many ``clients`` at a time."""

    port: int
    path: str
    token: str
    bodies: Sequence[str]
    clients: int


@dataclass(frozen=True, slots=True)
class Report:
    """How long each request took in seconds, in the order asked, and all of them together."""

    latencies: list[float]
    wall: float
    cpu: float
    num_bytes: int


async def ask(job: Job) -> Report:
    """Do a job; anything but status 200 ends it."""
    requests = [_request(job, body) for body in job.bodies]
    latencies, sizes = [0.0] * len(requests), [0] * len(requests)
    waiting = iter(range(len(requests)))

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", job.port)
        for number in waiting:
            begun = time.perf_counter()
            writer.write(requests[number])
            sizes[number] = await _size_of_answer(reader)
            latencies[number] = time.perf_counter() - begun
        writer.close()
        await writer.wait_closed()

    begun, used = time.perf_counter(), _cpu()
    await asyncio.gather(*(client() for _ in range(job.clients)))
    return Report(latencies, time.perf_counter() - begun, _cpu() - used, sum(sizes))


def _request(job: Job, body: str) -> bytes:
    head = (
        f"POST {job.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {job.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body.encode())}\r\n\r\n"
    )
    return (head + body).encode()


async def _size_of_answer(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if not head.startswith(b"http/1.1 200"):
        raise RuntimeError(head.decode())
    size = int(head.split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0])
    await reader.readexactly(size)
    return size


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    print(json.dumps(asdict(uvloop.run(ask(Job(**json.load(sys.stdin)))))))
