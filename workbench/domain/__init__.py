"""The words of the workbench as frozen data, and their rules. Imports nothing of ours but errors; no I/O."""
