"""`make demo`: everything in one go on embedded parts, with a simulated district."""
