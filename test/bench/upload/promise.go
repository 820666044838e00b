package main

// whatIsPromised is prose for docs/benchmarks.md: the subjects are not the same product.
var whatIsPromised = []string{
	"What an acknowledgement means. nexushub: the piece and the line that says so were synced to the disk, a cut of power loses neither; " +
		"after the last one the MD5 that the client promised is verified and the SHA-256 is known. tusd as it is: the bytes were handed to the kernel, nothing is hashed, " +
		"and up to half a minute of them is lost with the power; \"made durable\" adds an fsync of its files and folder before the next piece is sent, or once at the end.",
}
