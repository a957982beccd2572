"""The command `emberwatch`: wires the parts, keeps them running, and brings the demo's embedded ones."""
