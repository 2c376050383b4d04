"""How the web servers run, read by gunicorn wherever it is started in this folder; the command line goes before."""

from portal.serving import memory

worker_class = "portal.serving.patient_worker.PatientWorker"
logger_class = "portal.serving.web_log.WebLog"
# Searches and addresses are personal data: no access log.
accesslog = None
timeout = 60
graceful_timeout = 10
keepalive = 5
umask = 0o077


def post_worker_init(_worker: object) -> None:
    """Once a worker has loaded the application."""
    memory.settle()
