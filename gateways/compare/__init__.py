"""`gateways compare`: servers, interfaces and adapters side by side under load.

`load` is the client, which knows nothing of who is compared.
"""
