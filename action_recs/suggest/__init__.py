"""Which sessions to annotate next: those that the models are unsure of, that differ, and some at random."""
