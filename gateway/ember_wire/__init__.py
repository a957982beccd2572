"""The contract between devices, gateway, evaluator and service: pure, without clock or I/O."""
