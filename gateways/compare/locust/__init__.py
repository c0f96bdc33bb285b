"""The load client on several machines, carried by locust's workers."""
