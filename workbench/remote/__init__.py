"""Machines, and the roads to them."""
