"""What a study asks: changes, their files, the plan."""
