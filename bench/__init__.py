"""How fast it is, beside what people use otherwise, in one run on one machine.

    python -m bench                 everything
    python -m bench submit queue    some of it
    python -m bench --json FILE     the figures for a machine to read as well

A figure by itself tells about the machine. So peers run in the same minutes, and every figure is divided by what a
fixed loop of Python took just before: only ratios are worth quoting. A peer that is not there is named, with the
reason; small programs among them are installed where root asks on a Debian. Nothing here is a test, and nothing touches
the user's own workbench: it has a home of its own.
"""
