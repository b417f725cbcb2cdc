"""What may stand where: held by reading the sources."""
