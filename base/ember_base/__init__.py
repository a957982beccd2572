"""What every process stands on: settings, logging, the MQTT link, the disk, the database."""
