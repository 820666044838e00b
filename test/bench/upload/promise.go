package main

// whatIsPromised is prose for docs/benchmarks.md: the subjects are not the same product.
var whatIsPromised = []string{
	"What an acknowledgement means. nexushub: the piece and the line that says so were synced to the disk, a cut of power loses neither; " +
		"after the last one the MD5 that the client promised is verified and the SHA-256 is known. tusd as it is: the bytes were handed to the kernel, nothing is hashed, " +
		"and up to half a minute of them is lost with the power; \"made durable\" adds an fsync of its files and folder before the next piece is sent, or once at the end.",
	"Where the time goes (perf, November 2026). Of what the agent computes for numbered chunks, about 330 ms for 100 MiB, MD5 takes 130 and SHA-256 60 (rows \"alone\"), " +
		"reading the connection and writing the page cache 100 (what tusd needs in all); the form, the checksum of each piece and two syncs for each are the rest. MD5 is one chain that cannot be split: " +
		"it runs on a core of its own beside the arriving chunks, but with client and agent on the same two cores it is what is missing to tusd as it is. An append promises no MD5, computes none, " +
		"and syncs one piece while the next arrives. Waiting for the disk is small: written out while it arrives, a chunk is synced in 1 to 2 ms.",
}
