"""Readings as history: what `/readings` answers, and the aggregates it answers from."""
