"""Read what registers deliver: how a source declares it, files, values. No engine."""
