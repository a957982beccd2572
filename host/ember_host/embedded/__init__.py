"""Parts of others that the demo and the tests bring with them: a database and a broker, on loopback only."""
