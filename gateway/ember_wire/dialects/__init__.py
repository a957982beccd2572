"""A file a dialect. Each turns one MQTT message into samples, word by word, without a clock."""
