"""The register: areas, workshops, zones, circuits, devices, channels, contacts."""
