"""What the runs of a lesson show: its checks, and how robust its networks are."""
