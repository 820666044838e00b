port ENV.fetch("PORT", 9292)
workers 2
threads 1, 5
