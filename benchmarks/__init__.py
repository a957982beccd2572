"""Measurements beside a peer or a physical limit, in the same run. `make bench` prints them as tables."""
