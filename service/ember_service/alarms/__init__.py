"""Alarms: the pure engine, its journal, and the process that runs it."""
