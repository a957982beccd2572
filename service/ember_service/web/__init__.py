"""The console's built files, as they are served. Its sources are in `service/console`."""
