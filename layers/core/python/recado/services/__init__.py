"""Use cases: load, decide (domain), commit. They know the domain and the ports only."""
