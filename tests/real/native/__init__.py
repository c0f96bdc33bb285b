"""Neither the app nor its client can detect an adapter: real apps, served natively and through an adapter, get the same
requests.
"""
