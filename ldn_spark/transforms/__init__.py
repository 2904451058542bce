"""DataFrame to DataFrame: free functions, the same on every engine."""
