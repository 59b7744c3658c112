"""What a terminal or notebook shows while something runs."""
