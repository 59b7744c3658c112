"""Where a study's runs are made: worker processes here, or a Ray cluster."""
