"""The doors: web pages and APIs over the three floors below, and the project's settings."""
