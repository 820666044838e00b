package main

// whereTimeGoes is what perf(1) showed for the loads of this benchmark (-profile). It
// is prose for docs/benchmarks.md, to be looked at again when the data path changes.
var whereTimeGoes = []string{
	"Where the time goes, HTTP/1.1 (perf, November 2026): 65 % kernel (four system calls that move data and up to two that find none, TCP over loopback), " +
		"10 % Go's runtime (parking goroutines, netpoll), 10 % our own code (parsing and writing heads, look-ups, counters), 7 % cryptography, 4 % net and poll. " +
		"What is left to gain lies in fewer system calls, not in our code.",
	"Where the time goes, HTTP/2: 44 % kernel, 33 % Go's runtime (golang.org/x/net/http2 starts a goroutine per stream, whose stack grows, and hands every frame " +
		"to the connection's own goroutine), 15 % that package and its buffers, 5 % our own code. A server of our own could save much of it; theirs gets its security fixes from those who find the faults.",
}
