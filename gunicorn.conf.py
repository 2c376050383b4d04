"""How the web servers run, read by gunicorn wherever it is started in this folder; the command line goes before."""

worker_class = "portal.serving.patient_worker.PatientWorker"
logger_class = "portal.serving.web_log.WebLog"
# Searches and addresses are personal data: no access log.
accesslog = None
timeout = 60
graceful_timeout = 10
keepalive = 5
umask = 0o077
