"""Published data sets: from a folder, the cache, public mirrors or the distribution's package; checked by SHA-256."""
