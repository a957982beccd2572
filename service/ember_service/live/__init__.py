"""What happens now, for screens: the state in memory, and the stream to each viewer."""
