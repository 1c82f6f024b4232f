"""What is shipped to a machine: agent, supervisor, builder, sampler.

Imports nothing of ours, runs on Python 3.8 and later with the standard library alone; psutil and
nvidia-ml-py are used where they can be imported. `python -I DIRECTORY ROOT` runs the agent on stdin and stdout.
"""
