"""`python -I DIRECTORY [--patience=SECONDS] ROOT`, or `-m` and this package: the agent on stdin and stdout."""

import os
import sys

if not __package__:
    # Run as a directory: become a package whatever the directory is called, and keep log.py, tree.py and
    # their siblings from being found as top-level modules; what travelled with us lies beside them.
    from importlib.util import module_from_spec, spec_from_file_location

    _here = os.path.dirname(os.path.abspath(__file__))
    _spec = spec_from_file_location(
        "workbench_agent", os.path.join(_here, "__init__.py"), submodule_search_locations=[_here]
    )
    assert _spec is not None
    sys.modules["workbench_agent"] = module_from_spec(_spec)
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != _here] + [os.path.join(_here, "beside")]
    __package__ = "workbench_agent"

from .agent import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
