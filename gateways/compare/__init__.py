"""`gateways compare`: servers, interfaces and adapters side by side under load.

`load` is the load client, which knows nothing of contenders.
"""
