"""Run no-op jobs in HyperQueue, with a server and a worker of its own, by its own interpreter.

    hyperqueue_jobs.py one|sweep COUNT DIRECTORY COMMAND...

The jobs are done when they have left COUNT files in DIRECTORY. Prints {"seconds": from the first submit until then}.
Its wheel has only the Python bindings, so server, worker and client live in one process here.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time

from hyperqueue import Client, Job  # type: ignore[import-not-found]
from hyperqueue.ffi.cluster import Cluster  # type: ignore[import-not-found]


def main(mode: str, count: int, directory: str, command: list[str]) -> None:
    cluster = Cluster(tempfile.mkdtemp(dir=os.getcwd()))
    cluster.add_worker(2)
    client = Client(cluster.server_dir)
    began = time.perf_counter()
    for size in [count] if mode == "sweep" else [1] * count:
        job = Job()
        for _ in range(size):
            job.program(command, stdout=None, stderr=None)
        client.submit(job)
    while len(os.listdir(directory)) < count:
        time.sleep(0.002)
    print(json.dumps({"seconds": time.perf_counter() - began}), flush=True)
    os._exit(0)  # the server's threads do not end by themselves


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:])
