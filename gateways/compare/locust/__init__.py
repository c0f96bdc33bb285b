"""The load client on several machines: each of locust's workers runs one."""
