"""Reading mail that a stranger wrote. ``structure`` takes it apart within bounds, ``headers`` reads what stands above,
``bodies`` what is to be read, ``quotes`` finds where the answer ends, ``reports`` what servers tell of mails of ours;
``reader`` is the door."""
