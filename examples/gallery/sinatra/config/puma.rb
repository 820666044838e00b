port ENV.fetch("PORT")
workers 2
threads 1, 5
