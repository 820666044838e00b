package output

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/shell"
	"github.com/nexushub/nexushub/internal/termtext"
)

// Packed says what will be uploaded.
func (p *Printer) Packed(files int, bytes int64, hash string) {
	p.infof("packed %s, %s, release %s", count(files, "file"), size(uint64(bytes)), shortHash(hash))
}

// Deployment is what --json prints of one.
type Deployment struct {
	Application api.DebugApplication `json:"application"`
	URL         string               `json:"url"`
	Hints       []api.Hint           `json:"hints,omitempty"`
	Withheld    []string             `json:"withheld,omitempty"` // variables that it does not get
	Widened     []string             `json:"widened,omitempty"`  // what the release may do that the one before could not
}

// Deployed ends a deployment: the URL is the data.
func (p *Printer) Deployed(a api.DebugApplication, answer api.InstallAnswer, url string) error {
	p.widened(answer.Widened)
	if done, err := p.json(Deployment{a, url, answer.Hints, answer.Withheld, answer.Widened}); done {
		return err
	}
	for _, h := range answer.Hints {
		p.infof("%s", hintLines(h))
	}
	p.infof("%s is running; its log: %s", a.AppID, shell.Command("nexushub logs -f", a.AppID))
	_, err := fmt.Fprintln(p.Stdout, p.clean(url))
	return err
}

// Temporary says what becomes of a debug application.
func (p *Printer) Temporary(a api.DebugApplication) {
	if a.ExpiresAt != nil {
		p.infof("it expires %s if nobody uses it; to keep it: %s", p.in(*a.ExpiresAt), shell.Command("nexushub keep", a.AppID))
	}
}

// NotHealthy says why an application did not come up, and whether its old release still runs.
func (p *Printer) NotHealthy(a api.DebugApplication, why string, hints []api.Hint, serves bool) {
	p.errorLines(a.AppID+" did not come up: "+strings.TrimPrefix(why, a.AppID+": "), "")
	for _, h := range hints {
		fmt.Fprintln(p.Stderr, p.clean(hintLines(h)))
	}
	fmt.Fprintln(p.Stderr, p.clean("for details: "+
		shell.Command("nexushub status", a.AppID)+"; "+shell.Command("nexushub logs", a.AppID)))
	if serves {
		p.infof("the previous release keeps serving")
	}
}

// Building is a line that a build prints.
func (p *Printer) Building(line string) { p.infof("  %s", line) }

// NotBuilt says why a build has made no release. Where its log was shown, the end of it is known.
func (p *Printer) NotBuilt(a api.DebugApplication, why string, shown, serves bool) {
	if shown && !p.Quiet {
		why, _, _ = strings.Cut(why, "\n")
	}
	p.errorLines(a.AppID+" was not built: "+why, "")
	fmt.Fprintln(p.Stderr, p.clean("the whole log: "+shell.Command("nexushub logs --build", a.AppID)))
	if serves {
		p.infof("the previous release keeps serving")
	}
}

func hintLines(h api.Hint) string { return "hint: " + h.Means + "\nwrite: " + h.Write }

// WaitingForAgent says why nothing happens.
func (p *Printer) WaitingForAgent(err error) { p.infof("waiting for the agent: %v", err) }

// Waiting says what a command waits for.
func (p *Printer) Waiting(a api.App) {
	p.infof("waiting: %s is %s", a.Name, p.withReason(string(a.State), a.Why))
	for _, h := range a.Hints {
		p.infof("%s", hintLines(h))
	}
}

// Upload reports the progress of an upload: with a progress bar, or line by line if there is
// no terminal.
func (p *Printer) Upload(bytes int64) *Bar { return &Bar{p: p, total: bytes, started: p.Now()} }

// newBar draws a bar for what is left to upload: speed and remaining time refer to that.
func (p *Printer) newBar(left int64) *progressbar.ProgressBar {
	if !p.Terminal || p.Quiet || left == 0 {
		return nil
	}
	return progressbar.NewOptions64(
		left,
		progressbar.OptionSetWriter(p.Stderr),
		progressbar.OptionShowBytes(true),
		progressbar.OptionShowTotalBytes(true),
		progressbar.OptionUseIECUnits(true),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetWidth(30),
		progressbar.OptionThrottle(65*time.Millisecond),
		progressbar.OptionSetDescription("uploading"),
		progressbar.OptionShowCount(),
		progressbar.OptionSetRenderBlankState(true),
		progressbar.OptionEnableColorCodes(false),
	)
}

// Bar shows how far an upload is, how fast, and how long it will take.
type Bar struct {
	p       *Printer
	total   int64
	started time.Time

	mu       sync.Mutex // guards the fields that follow
	bar      *progressbar.ProgressBar
	resumed  int64
	uploaded int64 // with resumed
	reported int64 // tenths
	waiting  bool
}

// Resume starts the report, with the bytes that an earlier attempt has uploaded.
func (b *Bar) Resume(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.resumed, b.uploaded, b.reported = n, n, n*10/max(b.total, 1)
	if n > 0 {
		b.p.infof("resuming: %s of %s already uploaded", size(uint64(n)), size(uint64(b.total)))
	}
	b.bar = b.p.newBar(b.total - n)
}

// Add counts bytes that the agent has acknowledged.
func (b *Bar) Add(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.uploaded += n
	b.waiting = false
	if b.bar != nil {
		if err := b.bar.Set64(b.uploaded - b.resumed); err != nil {
			b.bar = nil // a bar that cannot be drawn must not end an upload
		}
		return
	}
	if tenth := b.uploaded * 10 / max(b.total, 1); tenth > b.reported {
		b.reported = tenth
		b.p.infof("uploaded %d%% (%s of %s)", tenth*10, size(uint64(b.uploaded)), size(uint64(b.total)))
	}
}

// Waiting says once why the upload is paused.
func (b *Bar) Waiting(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting {
		return
	}
	b.waiting = true
	if b.bar != nil {
		fmt.Fprintln(b.p.Stderr)
	}
	b.p.infof("upload paused: %s", termtext.Text(err.Error()))
}

// Close ends the report, and says how to resume an upload that was interrupted.
func (b *Bar) Close(done bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bar != nil {
		fmt.Fprintln(b.p.Stderr)
	}
	if done && b.resumed == b.total {
		return // there was nothing to do
	}
	if done {
		took := b.p.Now().Sub(b.started)
		b.p.infof("uploaded %s in %s", size(uint64(b.total)), took.Round(100*time.Millisecond))
		return
	}
	if b.uploaded > 0 && b.uploaded < b.total {
		b.p.infof("%s of %s uploaded; run the same command to resume", size(uint64(b.uploaded)), size(uint64(b.total)))
	}
}

// DevKeys says which keys there are, or without a terminal what ends the command.
func (p *Printer) DevKeys(interactive bool) {
	if interactive {
		p.infof("%s", p.bold("R: rebuild and redeploy, Q: stop, remove and exit"))
		return
	}
	p.infof("following the log until a signal arrives")
}

// StateChanged is a line between the lines of a log.
func (p *Printer) StateChanged(state, why string) {
	p.infof("%s", p.bold("-- "+p.withReason(state, why)+" --"))
}
