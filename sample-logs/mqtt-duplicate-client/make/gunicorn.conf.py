bind = "127.0.0.1:21201"
worker_class = "gthread"
threads = 8
timeout = 40
graceful_timeout = 5
errorlog = "-"
accesslog = None
