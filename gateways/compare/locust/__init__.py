"""Run load clients on several machines. Each of locust's workers runs one load client."""
