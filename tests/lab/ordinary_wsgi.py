"""The smallest WSGI app."""
def app(environ, start_response):
    found = "." not in environ["PATH_INFO"].rsplit("/", 1)[-1]
    start_response("200 OK" if found else "404 Not Found", [("Content-Type", "text/plain")])
    return [b"ok"]
