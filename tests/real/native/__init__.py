"""The app cannot tell, and its client cannot see: real apps, served natively and through an adapter, asked the same."""
