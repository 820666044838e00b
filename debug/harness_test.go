package debug

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nexushub/nexushub/agent"
	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/agent/release"
	"github.com/nexushub/nexushub/agent/state"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/debug/upload"
	"github.com/nexushub/nexushub/internal/hostile"
	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/internal/logentry"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/internal/problem"
	"github.com/nexushub/nexushub/journal"
)

// host is a Server on a real disk with an agent, a proxy and a journal that are played.
type host struct {
	tb       testing.TB
	dir      string
	limits   upload.Limits
	runtime  *fakeRuntime
	proxy    *fakeProxy
	logs     *fakeLogs
	builds   Builds
	server   *Server
	deployed *Server
	uid      uint32 // of who is at the other end of the socket
	http     *httptest.Server
}

func newHost(tb testing.TB) *host {
	h := &host{tb: tb, dir: tb.TempDir(), limits: upload.Limits{MaxSize: 8 << 20, MaxChunks: 100, MaxAge: 24 * time.Hour},
		runtime: newFakeRuntime(), proxy: &fakeProxy{last: map[string]time.Time{}}, logs: &fakeLogs{}}
	h.start()
	return h
}

// start reads everything back from disk, as after a crash.
func (h *host) start() {
	h.tb.Helper()
	h.open()
	if h.http != nil {
		h.http.Close()
	}
	h.http = httptest.NewServer(asDescribed(h.tb, h.asOperator()))
	h.tb.Cleanup(h.http.Close)
}

// asOperator is the API of an operator with the uid of the host at that time.
func (h *host) asOperator() http.Handler {
	debug, deployed := h.server.Handler(), h.deployed.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next := debug
		if strings.HasPrefix(r.URL.Path, Deployed.prefix) {
			next = deployed
		}
		next.ServeHTTP(w, r.WithContext(caller.With(r.Context(), caller.Local(h.uid))))
	})
}

func (h *host) open() {
	h.tb.Helper()
	uploads, err := upload.Open(filepath.Join(h.dir, "uploads"), h.limits)
	h.must(err)
	releases, err := release.Open(filepath.Join(h.dir, "releases"),
		release.Limits{MaxEntries: hostile.MaxEntries, MaxUnpacked: hostile.MaxUnpacked, MaxRatio: hostile.MaxRatio})
	h.must(err)
	st, err := state.Open(filepath.Join(h.dir, "state"))
	h.must(err)
	o := Options{
		Kind: Deployed, Domain: "example.test", StateIn: []string{filepath.Join(h.dir, "apps")}, MaxApps: 5, MaxEach: 3,
		Package: api.PackageLimits{MaxSize: h.limits.MaxSize, MaxEntries: hostile.MaxEntries},
		State:   st, Uploads: uploads, Releases: releases, Builds: h.builds,
		Runtime: h.runtime, Logs: h.logs, Log: slog.New(slog.DiscardHandler),
	}
	h.deployed, err = NewServer(o)
	h.must(err)
	o.Kind, o.Kept, o.Expiry, o.Activity = Debug, h.deployed, time.Hour, h.proxy
	h.server, err = NewServer(o)
	h.must(err)
}

func (h *host) must(err error) {
	h.tb.Helper()
	if err != nil {
		h.tb.Fatal(err)
	}
}

// answer is a response that was read.
type answer struct {
	tb     testing.TB
	status int
	header http.Header
	body   []byte
}

func (a answer) want(status int) answer {
	a.tb.Helper()
	if a.status != status {
		a.tb.Fatalf("got %d %s, want %d", a.status, a.body, status)
	}
	return a
}

func (a answer) into(v any) {
	a.tb.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		a.tb.Fatalf("%v in %s", err, a.body)
	}
}

// problem reads a problem document and checks its form.
func (a answer) problem(status int) problem.Problem {
	a.tb.Helper()
	var p problem.Problem
	a.want(status).into(&p)
	if a.header.Get("Content-Type") != problem.ContentType || p.Status != status || p.Instance == "" || p.Title == "" {
		a.tb.Errorf("not a whole problem document: %s", a.body)
	}
	return p
}

func (h *host) do(method, path string, header http.Header, body io.Reader) answer {
	h.tb.Helper()
	req, err := http.NewRequest(method, h.http.URL+path, body)
	h.must(err)
	for k, v := range header {
		req.Header[k] = v
	}
	res, err := h.http.Client().Do(req)
	h.must(err)
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	h.must(err)
	return answer{h.tb, res.StatusCode, res.Header, data}
}

func (h *host) post(path, body string) answer {
	h.tb.Helper()
	return h.do(http.MethodPost, path, http.Header{"Content-Type": {"application/json"}}, bytes.NewReader([]byte(body)))
}

func (h *host) get(path string) answer {
	h.tb.Helper()
	return h.do(http.MethodGet, path, nil, nil)
}

// create makes an application and returns the path of its resource.
func (h *host) create(fields string) (path string, a api.DebugApplication) {
	h.tb.Helper()
	h.post("/debug/application", fields).want(http.StatusCreated).into(&a)
	return "/debug/application/" + a.ID, a
}

// field is one part of a form; a name "chunk" is the file.
type field struct{ name, value string }

func (h *host) form(path string, fields ...field) answer {
	h.tb.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, f := range fields {
		var part io.Writer
		var err error
		if f.name == "chunk" {
			part, err = w.CreateFormFile("chunk", "blob")
		} else {
			part, err = w.CreateFormField(f.name)
		}
		h.must(err)
		_, err = io.WriteString(part, f.value)
		h.must(err)
	}
	h.must(w.Close())
	return h.do(http.MethodPost, path+"/upload", http.Header{"Content-Type": {w.FormDataContentType()}}, &body)
}

func (h *host) chunk(path string, index, total int, file, piece []byte) answer {
	h.tb.Helper()
	return h.form(path, field{"chunkIndex", strconv.Itoa(index)}, field{"totalChunks", strconv.Itoa(total)},
		field{"fileHash", md5hex(file)}, field{"chunk", string(piece)})
}

// upload sends a whole file in two chunks.
func (h *host) upload(path string, file []byte) {
	h.tb.Helper()
	half := len(file) / 2
	h.chunk(path, 0, 2, file, file[:half]).want(http.StatusOK)
	h.chunk(path, 1, 2, file, file[half:]).want(http.StatusOK)
}

func (h *host) install(path string) (out api.InstallAnswer) {
	h.tb.Helper()
	h.post(path+"/install", "").want(http.StatusOK).into(&out)
	return out
}

func md5hex(b []byte) string { s := md5.Sum(b); return hex.EncodeToString(s[:]) }

// packageOf is a valid package whose content differs with text.
func packageOf(tb testing.TB, text string) []byte {
	tb.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	f, err := w.Create("bin/app")
	if err == nil {
		_, err = f.Write([]byte("#!/bin/sh\necho " + text + "\n"))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes()
}

// fakeRuntime runs everything that it is given, unless it is told how it ends.
type fakeRuntime struct {
	mu       sync.Mutex
	apps     map[string]api.App
	wanted   map[string]plan.Instance
	restored bool
	fail     error                       // of the next launches
	lastExit string                      // of what fails
	hold     func(context.Context) error // launches wait for it
	launched []string                    // release, with ! if again
	others   []api.App
	orphans  []plan.Instance

	data      map[string]bool // who has a database
	dropped   []string
	dropFails error

	admit      func(agent.Admission) error
	ceiling    manifest.Ceiling
	developers []string // [policy.hosts]
	inherited  []string
	stuck      error // of removals
	keeps      error // from removals of who is no operator
}

func newFakeRuntime() *fakeRuntime {
	return &fakeRuntime{apps: map[string]api.App{}, wanted: map[string]plan.Instance{}}
}

func (r *fakeRuntime) Put(in plan.Instance) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wanted[in.ID] = in
	a := r.apps[in.ID]
	a.ID, a.HostName, a.Kind, a.Name, a.AppID = in.ID, in.HostName, in.Kind, in.AppID, in.AppID
	if a.State == "" {
		a.State = api.StatePending
	}
	r.apps[in.ID] = a
}

func (r *fakeRuntime) Admit(n agent.Admission) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.admit == nil {
		return nil
	}
	return r.admit(n)
}

func (r *fakeRuntime) Ceiling() manifest.Ceiling { return r.ceiling }

func (r *fakeRuntime) Widening(_ string, rel fact.Release) []string {
	return manifest.Widening(manifest.Manifest{}, rel.Manifest)
}

func (r *fakeRuntime) HostNames() hostname.Policy {
	return hostname.Policy{Domain: "example.test", Developers: r.developers}
}

func (r *fakeRuntime) Claims() (list []hostname.Claim) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, in := range r.wanted {
		list = append(list, in.Claims("example.test")...)
	}
	for _, o := range r.others {
		in := plan.Instance{ID: o.ID, Kind: o.Kind, HostName: o.HostName}
		for _, c := range in.Claims("example.test") {
			c.Who = "application " + o.Name
			list = append(list, c)
		}
	}
	return list
}

func (r *fakeRuntime) Routed(context.Context) error { return nil }

func (r *fakeRuntime) WaitSettled(_ context.Context, id, _ string) (api.App, error) { return r.App(id) }

func (r *fakeRuntime) Inherit(from, to string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inherited = append(r.inherited, from+" "+to)
	return nil
}

func (r *fakeRuntime) Disinherit(id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inherited = append(r.inherited, "- "+id)
	return nil
}

func (r *fakeRuntime) HasData(id string) bool { return r.data[id] }

func (r *fakeRuntime) DropData(_ context.Context, id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropped = append(r.dropped, id)
	return r.dropFails
}

func (r *fakeRuntime) Orphans() (list []plan.Instance) {
	for _, in := range r.orphans {
		if _, put := r.wanted[in.ID]; !put {
			list = append(list, in)
		}
	}
	return list
}

func (r *fakeRuntime) Restored() { r.restored = true }

func (r *fakeRuntime) Launch(ctx context.Context, id string, again bool) (api.App, error) {
	r.mu.Lock()
	mark := map[bool]string{true: "!"}[again]
	r.launched = append(r.launched, r.wanted[id].Release+mark)
	hold, fail := r.hold, r.fail
	r.mu.Unlock()
	if hold != nil {
		if err := hold(ctx); err != nil {
			return api.App{}, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.apps[id]
	a.Release, a.URL, a.State, a.Unit, a.PID = r.wanted[id].Release, "https://"+a.HostName+"/", api.StateRunning, "unit", 42
	if fail != nil {
		a.State, a.LastExit, a.Error = api.StateBackingOff, r.lastExit, r.lastExit
	}
	r.apps[id] = a
	return a, fail
}

func (r *fakeRuntime) AdmitRemoval(ctx context.Context, _, _ string) error {
	if caller.Of(ctx).Role.Includes(api.Operator) {
		return nil
	}
	return r.keeps
}

func (r *fakeRuntime) Remove(_ context.Context, id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stuck != nil {
		return r.stuck
	}
	delete(r.apps, id)
	delete(r.wanted, id)
	return nil
}

func (r *fakeRuntime) StopApp(_ context.Context, id string) (api.App, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.apps[id]
	a.State, a.PID = api.StateStopped, 0
	r.apps[id] = a
	return a, nil
}

func (r *fakeRuntime) Apps() []api.App {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := append([]api.App{}, r.others...)
	for _, a := range r.apps {
		all = append(all, a)
	}
	return all
}

func (r *fakeRuntime) Refresh(context.Context) error { return nil }

func (r *fakeRuntime) App(id string) (api.App, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, ok := r.apps[id]
	if !ok {
		return a, fmt.Errorf("%s: %w", id, api.NotFound)
	}
	return a, nil
}

// fakeProxy remembers requests.
type fakeProxy struct {
	mu   sync.Mutex
	last map[string]time.Time
	fail error
}

func (p *fakeProxy) LastRequests(context.Context) (map[string]time.Time, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[string]time.Time{}
	for k, v := range p.last {
		out[k] = v
	}
	return out, p.fail
}

// fakeLogs writes down what was asked and may hold a stream open.
type fakeLogs struct {
	query journal.Query
	begun chan struct{}
}

func (l *fakeLogs) Serve(w http.ResponseWriter, r *http.Request, q journal.Query, f journal.Format) error {
	l.query = q
	w.Header().Set("Content-Type", f.ContentType())
	if _, err := io.WriteString(w, "id: c1\nevent: log\ndata: {}\n\n"); err != nil {
		return err
	}
	if l.begun != nil {
		if err := http.NewResponseController(w).Flush(); err != nil {
			return err
		}
		l.begun <- struct{}{}
		<-r.Context().Done()
	}
	return nil
}

func (l *fakeLogs) Tail(context.Context, string, int) ([]*journal.Entry, error) {
	now := time.Now()
	return []*journal.Entry{
		{Entry: logentry.Entry{Message: "of another release", Timestamp: now.Add(-time.Hour)}},
		{Entry: logentry.Entry{Message: "of the agent", Timestamp: now, Source: logentry.System}},
		{Entry: logentry.Entry{Message: "\x1b[31mlast words\x1b[0m", Timestamp: now, Source: logentry.Stdout}},
	}, nil
}
