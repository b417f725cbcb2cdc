"""What services need from outside, as protocols. One file per neighbour."""
