"""Alarm rules: data, versioned, validated. The default pack lies in `pack/`."""
