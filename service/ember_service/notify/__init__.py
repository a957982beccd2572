"""Telling people: who is told what (`plan`, `words`), kept until it is done (`outbox`), by mail and webhook."""
