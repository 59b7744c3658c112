"""The report of one run: its summary, its page, its model card."""
