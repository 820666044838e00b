package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	chunkSize   = 2 << 20
	writeBuffer = 256 << 10 // of the clients, ours and tusd's
)

// agent uploads to one debug application through the socket that the proxy uses.
type agent struct {
	client *http.Client
	token  string
	path   string // of the application
	hash   string
	pid    string
}

func newAgent(ctx context.Context, data []byte) (*agent, error) {
	sum := md5.Sum(data)
	a := &agent{hash: hex.EncodeToString(sum[:]), client: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", "/run/nexushub/debug.sock")
		},
		MaxIdleConnsPerHost: 8, WriteBufferSize: writeBuffer,
	}}}
	out, err := exec.CommandContext(ctx, "nexushub", "token", "create", "--json", "bench").Output()
	if err != nil {
		return nil, err
	}
	var issued struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal(out, &issued); err != nil {
		return nil, err
	}
	a.token = issued.Token
	var made struct {
		ID string `json:"id"`
	}
	answer, err := a.call(ctx, http.MethodPost, "/debug/application", "application/json",
		strings.NewReader(`{"appId":"bench"}`), -1)
	if err != nil {
		return nil, err
	}
	a.path = "/debug/application/"
	if err := json.Unmarshal(answer, &made); err != nil {
		return nil, err
	}
	a.path += made.ID
	pid, err := exec.CommandContext(ctx, "systemctl", "show", "-P", "MainPID", "nexushubd").Output()
	a.pid = strings.TrimSpace(string(pid))
	return a, err
}

func (a *agent) call(ctx context.Context, method, path, kind string, body io.Reader, length int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://agent"+path, body)
	if err != nil {
		return nil, err
	}
	if length >= 0 {
		req.ContentLength = length
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	req.Header.Set("Content-Type", kind)
	res, err := a.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s %s", method, path, res.Status, answer)
	}
	return answer, err
}

func (a *agent) subjects() []subject {
	discard := func(ctx context.Context) error {
		_, err := a.call(ctx, http.MethodDelete, a.path+"/package", "", nil, -1)
		return err
	}
	cpu := func() (time.Duration, error) { return cpuTime(a.pid) }
	atOnce := func(n int) func(context.Context, []byte) error {
		return func(ctx context.Context, data []byte) error { return a.chunks(ctx, data, n) }
	}
	return []subject{
		{"chunks of 2 MiB, 4 at once", atOnce(4), discard, cpu},
		{"chunks of 2 MiB, one by one", atOnce(1), discard, cpu},
		{"one append", a.append, discard, cpu},
	}
}

func (a *agent) chunks(ctx context.Context, data []byte, atOnce int) error {
	total := (len(data) + chunkSize - 1) / chunkSize
	g, each := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i := range total {
		g.Go(func() error { return a.chunk(each, i, total, data[i*chunkSize:min((i+1)*chunkSize, len(data))]) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	answer, err := a.call(ctx, http.MethodGet, a.path+"/upload/status", "", nil, -1)
	if err == nil && !bytes.Contains(answer, []byte(`"completed":true`)) {
		err = fmt.Errorf("not complete: %s", answer)
	}
	return err
}

func (a *agent) chunk(ctx context.Context, i, total int, data []byte) error {
	const boundary = "benchmark-boundary"
	var head strings.Builder
	for _, f := range [][2]string{{"chunkIndex", strconv.Itoa(i)}, {"totalChunks", strconv.Itoa(total)},
		{"fileHash", a.hash}} {
		fmt.Fprintf(&head, "--%s\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", boundary, f[0], f[1])
	}
	fmt.Fprintf(&head, "--%s\r\nContent-Disposition: form-data; name=\"chunk\"; filename=\"c\"\r\n\r\n", boundary)
	tail := "\r\n--" + boundary + "--\r\n"
	body := io.MultiReader(strings.NewReader(head.String()), bytes.NewReader(data), strings.NewReader(tail))
	_, err := a.call(ctx, http.MethodPost, a.path+"/upload", "multipart/form-data; boundary="+boundary, body,
		int64(head.Len()+len(data)+len(tail)))
	return err
}

func (a *agent) append(ctx context.Context, data []byte) error {
	_, err := a.call(ctx, http.MethodPost, a.path+"/package", "application/zip", bytes.NewReader(data),
		int64(len(data)))
	return err
}

// peak is the most resident memory that the agent has had, in MiB (proc(5), VmHWM).
func (a *agent) peak() (float64, error) {
	status, err := os.ReadFile("/proc/" + a.pid + "/status")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kib, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	n, err := strconv.ParseFloat(kib, 64)
	return n / 1024, err
}

// cpuTime is what a process has used so far, see proc(5): ticks of 10 ms.
func cpuTime(pid string) (time.Duration, error) {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%s/stat: %q", pid, stat)
	}
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond, err
}
