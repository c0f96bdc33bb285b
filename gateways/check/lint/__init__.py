"""Find breaches of the interface's specification by the app, each with its clause. For ASGI, this package has tables of
rules. For WSGI, it uses wsgiref.validate.
"""
