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

	"golang.org/x/sys/unix"
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
	cmd := exec.CommandContext(ctx, tusdProgram, "-host", "127.0.0.1", "-port", "1080", "-upload-dir", dir, "-expose-metrics=false")
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
	return []subject{
		{"tusd", tusUpload, clean},
		{"tusd, then sync", func(ctx context.Context, data []byte) error {
			return errors.Join(tusUpload(ctx, data), syncFolder(dir))
		}, clean},
	}, stop, nil
}

// syncFolder makes what is in dir as durable as every acknowledged chunk of ours is.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(unix.Syncfs(int(f.Fd())), f.Close())
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

// tusUpload is tus 1.0.0: a creation, and one PATCH with everything.
func tusUpload(ctx context.Context, data []byte) error {
	res, err := tusCall(ctx, http.MethodPost, "http://"+tusdAddress+"/files/", nil, "Upload-Length", strconv.Itoa(len(data)))
	if err != nil {
		return err
	}
	_, err = tusCall(ctx, http.MethodPatch, res.Header.Get("Location"), data, "Upload-Offset", "0", "Content-Type", "application/offset+octet-stream")
	return err
}

func tusCall(ctx context.Context, method, url string, body []byte, header ...string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Tus-Resumable", "1.0.0")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s", method, url, res.Status)
	}
	return res, errors.Join(err, res.Body.Close())
}
