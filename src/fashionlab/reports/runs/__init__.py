"""Several finished runs side by side: one page, its summary, and their curves in one picture."""
