"""Send the same requests to two stacks, and report the differences between their responses that exceed the noise.

All modules are pure, except ask, side, plan and run. The module ask sends one request. The module side starts a server,
or uses a running one. The module run sends the rounds of requests. The modules terminal and page show the result.
"""
