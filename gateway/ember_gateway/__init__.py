"""The only door for devices: decode → resolve → batcher → stream, then sink or spool, then PUBACK."""
