package git

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os/exec"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/agent/audit"
	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/apiserver"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/problem"
	"github.com/nexushub/nexushub/units"
)

// Units runs git.
type Units interface {
	StartGit(ctx context.Context, g units.Git) error
	StopGit(ctx context.Context, g units.Git)
}

// Options are what a Server works with. All must be set.
type Options struct {
	Units    Units
	Deployed http.Handler // the API of permanent applications
	Hooks    string       // folder of the hooks
	MaxSize  int64        // bytes of a pack, and of the files in it
	Most     int          // files, folders and links in it
	Kept     config.Git   // what a repository may keep of all pushes
	Room     func() error // why the disk has none for another push
	Log      *slog.Logger
}

// Server answers git.
type Server struct {
	o     Options
	turns *turns
	echo  *echo.Echo
}

// NewServer wires it. Who asks, a door has put into the context of a request.
func NewServer(o Options) *Server {
	s := &Server{o: o, turns: newTurns()}
	s.echo = apiserver.New(apiserver.Options{
		Name: "git", Log: o.Log, KeepTrace: true,
		Problem: func(err error, trace string) problem.Problem { return api.ProblemOf(err, trace) },
		Caller:  func(r *http.Request) []any { return []any{"by", string(caller.Of(r.Context()).Installer)} },
	})
	s.echo.Use(plain)
	s.echo.GET(caller.GitPath+":app/info/refs", s.refs)
	s.echo.POST(caller.GitPath+":app/git-receive-pack", s.receive)
	return s
}

// ServeHTTP answers a caller whom a door has led in.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

// plain answers errors as text, which git shows to who pushes.
func plain(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		if err == nil || c.Response().Committed {
			return err
		}
		p := api.ProblemOf(err, apiserver.TraceOf(c))
		if p.Status == http.StatusInternalServerError {
			return err
		}
		return c.String(p.Status, p.Detail+"\n")
	}
}

// push is one request of git about an application.
type push struct {
	*Server
	name string // of the application, as it is granted
	who  caller.Caller
	api  *client
	app  api.DebugApplication // none: there is none yet
}

// begin lets a caller in who may push, and finds his application. One that is not there yet, only a push
// makes: until then it has an empty repository, and p.app is none.
func (s *Server) begin(c echo.Context) (*push, error) {
	who := caller.Of(c.Request().Context())
	name := strings.TrimSuffix(c.Param("app"), ".git")
	audit.Route(c.Request().Context(), c.Path())
	audit.About(c.Request().Context(), name, "")
	right, err := who.May(c.Request().Method, c.Path())
	if err == nil && who.MustCover(right) && !who.Covers(name) {
		err = who.Refuse(name)
	}
	if err != nil {
		return nil, err
	}
	if _, err := exec.LookPath("git"); err != nil {
		return nil, fmt.Errorf("%w: %w", errNoGit, api.Unavailable)
	}
	if err := s.o.Room(); err != nil {
		return nil, fmt.Errorf("%w: %w", err, api.NoSpace)
	}
	return &push{Server: s, name: name, who: who, api: newClient(s.o.Deployed, who)}, nil
}

// find is the application of the push, if there is one.
func (p *push) find(ctx context.Context) error {
	list, err := p.api.List(ctx)
	for _, a := range list {
		if strings.EqualFold(a.AppID, p.name) {
			p.app = a
		}
	}
	return err
}

// refs begins a push: what the repository has. Nothing is fetched from here.
func (s *Server) refs(c echo.Context) error {
	switch service := c.QueryParam("service"); service {
	case "git-receive-pack":
	case "git-upload-pack":
		return fmt.Errorf("NexusHub takes what is pushed, and nothing can be fetched or cloned from it: %w", api.Forbidden)
	default:
		return fmt.Errorf("service %q: git of version 1.6.6 or newer is needed: %w", service, api.Malformed)
	}
	p, err := s.begin(c)
	if err != nil {
		return err
	}
	defer p.api.close()
	if err := p.find(c.Request().Context()); err != nil {
		return err
	}
	c.Response().Header().Set("Content-Type", "application/x-git-receive-pack-advertisement")
	c.Response().Header().Set("Cache-Control", "no-store")
	const head = "001f# service=git-receive-pack\n0000"
	out := &headed{Writer: c.Response(), head: head}
	if err := p.git(c.Request().Context(), advertise, http.NoBody, out, nil); err != nil || out.head == "" {
		return err
	}
	return errFailed
}

// headed writes its head once there is something to write below it.
type headed struct {
	io.Writer
	head string
}

func (h *headed) Write(p []byte) (int, error) {
	if h.head != "" {
		if _, err := io.WriteString(h.Writer, h.head); err != nil {
			return 0, err
		}
		h.head = ""
	}
	return h.Writer.Write(p)
}

// receive takes a push. Its answer begins when git has read the pack.
func (s *Server) receive(c echo.Context) error {
	if c.Request().Header.Get("Content-Type") != pushed {
		return fmt.Errorf("this is for git push: %w", api.Malformed)
	}
	p, err := s.begin(c)
	if err != nil {
		return err
	}
	defer p.api.close()
	body, err := s.body(c.Request())
	if err != nil {
		return err
	}
	c.Response().Header().Set("Content-Type", answered)
	c.Response().Header().Set("Cache-Control", "no-store")
	if asks, err := body.Peek(len(nothing)); err != nil || string(asks) == nothing {
		return c.NoContent(http.StatusOK) // before a large pack git asks with nothing whether it may send it
	}
	ctx := c.Request().Context()
	if p.app, err = p.api.Create(ctx, api.NewDebugApplication{AppID: p.name}); err != nil {
		return refuse(c, err)
	}
	leave, ok := s.turns.enter(p.app.ID)
	if !ok {
		return refuse(c, fmt.Errorf("%d pushes to %s are under way; push again when one of them has ended: %w",
			atOnce, p.name, api.TooMany))
	}
	defer leave()
	return p.git(ctx, receive, body, flushed{c.Response()}, p.deploy)
}

// What a push and its answer say they are, and that nothing follows.
const (
	pushed   = "application/x-git-receive-pack-request"
	answered = "application/x-git-receive-pack-result"
	nothing  = "0000"
)

// refuse answers a push as git shows it to who pushes (the third side band): of an answer with
// another status it shows the number alone.
func refuse(c echo.Context, fault error) error {
	p := api.ProblemOf(fault, apiserver.TraceOf(c))
	if p.Status == http.StatusInternalServerError {
		return fault
	}
	text := "\x03" + p.Detail + "\n"
	return c.Blob(http.StatusOK, answered, fmt.Appendf(nil, "%04x%s%s", len(text)+len(nothing), text, nothing))
}

// body is what git sends, which may be compressed.
func (s *Server) body(r *http.Request) (*bufio.Reader, error) {
	limited := io.LimitReader(r.Body, s.o.MaxSize+maxCommands)
	switch r.Header.Get("Content-Encoding") {
	case "", "identity":
		return bufio.NewReader(limited), nil
	case "gzip", "x-gzip":
		unpacked, err := gzip.NewReader(limited)
		if err != nil {
			return nil, fmt.Errorf("body: %w: %w", err, api.Malformed)
		}
		return bufio.NewReader(io.LimitReader(unpacked, s.o.MaxSize+maxCommands)), nil
	}
	return nil, fmt.Errorf("body: content encoding %q is not known: %w", r.Header.Get("Content-Encoding"), api.Malformed)
}

// maxCommands is room for what git says before the pack: which branches are pushed.
const maxCommands = 1 << 20

// flushed lets who pushes see each line at once.
type flushed struct{ *echo.Response }

func (f flushed) Write(p []byte) (int, error) {
	n, err := f.Response.Write(p)
	if err == nil {
		f.Flush()
	}
	return n, err
}

// errFailed is said where git has said nothing to who pushes; the log has what it said to us.
var errFailed = errors.New("git has failed on the host, and its log says why: journalctl -u nexushubd")

// errNoGit is said where git is not installed.
var errNoGit = errors.New("git is not installed on the host: apt install git")
