"""What is computed: pure functions of sufficient statistics."""
