"""Pure rules: no AWS, clock, environment or random."""
