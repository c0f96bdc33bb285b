"""Find breaches of an interface by the app, each with its clause. ASGI has tables of rules, WSGI has
wsgiref.validate.
"""
