threads 1, ENV.fetch("RAILS_MAX_THREADS", 5)
workers ENV.fetch("WEB_CONCURRENCY", 0)
pidfile ENV.fetch("PIDFILE", "tmp/pids/server.pid")
