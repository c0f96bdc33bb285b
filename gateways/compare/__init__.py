"""`gateways compare`: compare servers, interfaces and adapters under load.

`plan` has the contenders and scenarios, `measure` takes the measurements, `judge` computes figures and verdicts, `show`
presents them. `load` is the load client, which must not know contenders; `locust` runs it on several machines.
"""
