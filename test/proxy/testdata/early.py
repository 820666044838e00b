# Uploads as many simple programs do: everything is sent before anything is read.
# early.py HOST PORT PATH BYTES TIMES prints one status for each time, or what went wrong.
import http.client
import ssl
import sys

host, port, path, size, times = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
for _ in range(times):
    c = http.client.HTTPSConnection("127.0.0.1", port, context=ssl._create_unverified_context(), timeout=20)
    try:
        c.request("POST", path, body=b"x" * size, headers={"Host": host, "Authorization": "Bearer wrong"})
        print(c.getresponse().status)
    except Exception as e:
        print(repr(e))
    c.close()
