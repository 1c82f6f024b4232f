"""What is shipped to a machine: agent, supervisor, builder, sampler.

Imports nothing of ours, runs on Python 3.8 and later with the standard library alone; nvidia-ml-py is used
where it can be imported. `python -I DIRECTORY ROOT` runs the agent on stdin and stdout. Its command line ends
with ROOT, and so do its supervisors': by that they are known as ours.

    ROOT/attempts/ID/      one try at a run; what lies there is the truth about it
        spec.json          what the engine asked for, byte for byte
        lock               held by the living supervisor that carries it
        fate               start or void, whichever was linked first
        exit               how it ended; its blocks are reserved before the start
        cancel             somebody wants it ended
        log, tail          what it printed; tail: the last half of a log over its limit, until the end
        metrics.jsonl params.json work/ artifacts/
    ROOT/blobs/SHA256      content that snapshots are made of
    ROOT/snapshots/ID/     code as it was at submit, read-only
    ROOT/environments/ID/  a virtual environment; ID.lock: held shared by its users, alone by who changes it
    ROOT/bells/            a datagram socket for each agent; a supervisor rings them all
    ROOT/tracking/         what `import workbench` finds in a run
"""
