"""An engine that believes what it was told of a machine's CPUs, whatever the machine says: so many runs fit at once."""

import sys

from workbench.domain.machines import Enrolled
from workbench.domain.resources import Capacity
from workbench.engine.__main__ import main


def limit(self: Enrolled, has: Capacity) -> Capacity:
    return Capacity(self.cpus or has.cpus, has.memory, has.devices)


Enrolled.limit = limit  # type: ignore[method-assign]
sys.exit(main())
