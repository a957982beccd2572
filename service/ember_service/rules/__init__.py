"""Alarm rules: data, versioned, validated (`validate`), read from YAML (`load`). The default pack lies in `pack/`."""
