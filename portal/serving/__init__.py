"""How gunicorn serves us, in development and production alike; `gunicorn.conf.py` names what stands here."""
