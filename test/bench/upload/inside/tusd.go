package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

const (
	tusdProgram = "/opt/bench/tusd"
	tusdAddress = "127.0.0.1:1080"
)

// tusd starts the program where it was brought; without it there is no subject.
func tusd(ctx context.Context) (_ []subject, stop func(), err error) {
	if _, err := os.Stat(tusdProgram); errors.Is(err, fs.ErrNotExist) {
		return nil, func() {}, nil
	}
	dir := filepath.Join(folder, "tusd")
	cmd := exec.CommandContext(ctx, tusdProgram, "-host", "127.0.0.1", "-port", "1080", "-upload-dir", dir,
		"-expose-metrics=false")
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	stop = func() {
		_ = cmd.Process.Kill() // its exit is the wanted one
		_ = cmd.Wait()
	}
	if err := awaitTusd(ctx); err != nil {
		stop()
		return nil, nil, err
	}
	clean := func(context.Context) error { return errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)) }
	nothing := func() error { return nil }
	durable := func() error { return syncFiles(dir) }
	cpu := func() (time.Duration, error) { return cpuTime(strconv.Itoa(cmd.Process.Pid)) }
	upload := func(name string, piece int, each, end func() error) subject {
		take := func(ctx context.Context, data []byte) error {
			return errors.Join(tusUpload(ctx, data, piece, each), end())
		}
		return subject{name: name, take: take, clean: clean, cpu: cpu}
	}
	return []subject{
		upload("tusd, pieces of 2 MiB", chunkSize, nothing, nothing),
		upload("tusd, pieces of 2 MiB, each made durable", chunkSize, durable, nothing),
		upload("tusd, one request", 0, nothing, nothing),
		upload("tusd, one request, then made durable", 0, nothing, durable),
	}, stop, nil
}

// syncFiles makes what lies in dir as durable as every acknowledged chunk of ours is;
// tusd itself leaves that to the kernel, half a minute later.
func syncFiles(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range append(entries, nil) {
		path := dir
		if e != nil {
			path = filepath.Join(dir, e.Name())
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

func awaitTusd(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		res, err := http.Get("http://" + tusdAddress + "/files/")
		if err == nil {
			return res.Body.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("tusd does not answer: %w", ctx.Err())
}

// tusUpload is tus 1.0.0: a creation, and a PATCH for each piece; 0 is one for
// everything. each is called before the next piece is sent.
func tusUpload(ctx context.Context, data []byte, piece int, each func() error) error {
	res, err := tusCall(ctx, http.MethodPost, "http://"+tusdAddress+"/files/", nil, "Upload-Length",
		strconv.Itoa(len(data)))
	if err != nil {
		return err
	}
	if piece == 0 {
		piece = len(data)
	}
	for at := 0; at < len(data); at += piece {
		part := data[at:min(at+piece, len(data))]
		_, err := tusCall(ctx, http.MethodPatch, res.Header.Get("Location"), part, "Upload-Offset", strconv.Itoa(at),
			"Content-Type", "application/offset+octet-stream")
		if err = errors.Join(err, each()); err != nil {
			return err
		}
	}
	return nil
}

var tusClient = &http.Client{Transport: &http.Transport{WriteBufferSize: writeBuffer}}

func tusCall(ctx context.Context, method, url string, body []byte, header ...string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Tus-Resumable", "1.0.0")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := tusClient.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s", method, url, res.Status)
	}
	return res, errors.Join(err, res.Body.Close())
}
