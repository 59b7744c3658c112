"""What is shown of a search: its page, its lines on a terminal."""
