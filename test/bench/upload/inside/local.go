package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// local are the same bytes written, synced and hashed with nothing between: together,
// which is what others are compared with, and each alone, which shows what it costs.
func local() []subject {
	path := filepath.Join(folder, "local")
	clean := func(context.Context) error { return os.Remove(path) }
	write := func(every int, hashes ...io.Writer) func(context.Context, []byte) error {
		return func(_ context.Context, data []byte) error { return writeFile(path, data, every, hashes...) }
	}
	hash := func(w io.Writer) func(context.Context, []byte) error {
		return func(_ context.Context, data []byte) error {
			_, err := w.Write(data)
			return errors.Join(err, os.WriteFile(path, nil, 0o600))
		}
	}
	return []subject{
		{name: "write and hash locally", take: write(0, md5.New(), sha256.New()), clean: clean},
		{name: "write locally, sync every 2 MiB", take: write(chunkSize), clean: clean},
		{name: "MD5 alone", take: hash(md5.New()), clean: clean},
		{name: "SHA-256 alone", take: hash(sha256.New()), clean: clean},
	}
}

// writeFile syncs after so many bytes, 0 is once at the end.
func writeFile(path string, data []byte, every int, hashes ...io.Writer) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if every == 0 {
		every = len(data)
	}
	w := io.MultiWriter(append([]io.Writer{f}, hashes...)...)
	buf := make([]byte, writeBuffer)
	for at := 0; at < len(data) && err == nil; at += every {
		part := bytes.NewReader(data[at:min(at+every, len(data))])
		_, err = io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{part}, buf)
		err = errors.Join(err, f.Sync())
	}
	return errors.Join(err, f.Close())
}
