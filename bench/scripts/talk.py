"""`talk.py [metrics]`: some ten lines a second, each the moment when it was printed, and as many metrics if asked."""

import json
import os
import random
import sys
import time

FILE = os.environ["WORKBENCH_METRICS"] if "metrics" in sys.argv else os.devnull

with open(FILE, "a") as metrics:
    while True:
        print(f"@{time.time_ns()}@", flush=True)
        metrics.write(json.dumps({"loss": random.random()}) + "\n")
        metrics.flush()
        time.sleep(random.uniform(0.05, 0.15))  # in step with nobody
