package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
	"github.com/nexushub/nexushub/cmd/nexushub/pack"
	"github.com/nexushub/nexushub/cmd/nexushub/upload"
	"github.com/nexushub/nexushub/internal/beneath"
)

// errNotHealthy ends a deployment whose application did not become healthy; the reason has
// been printed.
var errNotHealthy = errors.New("the application is not healthy")

// deployer deploys a folder or a zip to an agent.
type deployer struct {
	client  *api.Client
	to      api.Deployments // the kind that it is to be
	out     *output.Printer
	remote  bool
	is      recognised
	secrets []api.NewSecret // are set before it is installed
	answer  api.InstallAnswer
}

// setName fills in the application's name from its folder.
func setName(want *api.NewDebugApplication, source, suffix string) error {
	if want.AppID != "" {
		return nil
	}
	full, err := filepath.Abs(source)
	if err != nil {
		return err
	}
	want.AppID = strings.TrimSuffix(filepath.Base(full), ".zip") + suffix
	return nil
}

func (d *deployer) deploy(ctx context.Context, source string,
	want api.NewDebugApplication) (app api.DebugApplication, err error) {
	p, done, err := d.pack(ctx, source)
	if err != nil {
		return app, err
	}
	defer func() { err = errors.Join(err, done()) }()
	if err := d.checkLimits(ctx, p); err != nil {
		return app, d.closed(ctx, err)
	}
	if app, err = d.findOrCreate(ctx, want); err != nil {
		return app, d.closed(ctx, err)
	}
	if err := d.upload(ctx, app.ID, p); err != nil {
		return app, err
	}
	if len(d.secrets) > 0 {
		if err := d.client.SetSecrets(ctx, app.ID, d.secrets); err != nil {
			return app, err
		}
	}
	return app, d.install(ctx, app)
}

// pack returns the package and what removes it afterwards.
func (d *deployer) pack(ctx context.Context, source string) (p pack.Package, done func() error, err error) {
	given, info, err := beneath.Named(source)
	if err != nil {
		return p, nil, err
	}
	if !info.IsDir() {
		d.is = recogniseZip(given)
		if err := d.is.fault(source); err != nil {
			return p, nil, errors.Join(err, given.Close())
		}
		d.is.tell(d.out)
		p, err = pack.Hash(given)
		return d.byDescriptor(p, given, err)
	}
	d.is, err = recogniseFolder(source)
	if err := errors.Join(given.Close(), err, d.is.fault(source)); err != nil {
		return p, nil, err
	}
	d.is.tell(d.out)
	d.out.Step("packing " + source)
	f, err := os.CreateTemp("", "nexushub-*.zip")
	if err != nil {
		return p, nil, err
	}
	// A file without a name leaves nothing behind, however this ends.
	if err := os.Remove(f.Name()); err != nil {
		return p, nil, errors.Join(err, f.Close())
	}
	if p, err = pack.Zip(ctx, source, f, d.is.leftOut()...); err == nil {
		d.out.Packed(p.Files, p.Size, p.SHA256)
	}
	return d.byDescriptor(p, f, err)
}

// byDescriptor makes the package readable through its descriptor, so that nobody can replace
// it.
func (d *deployer) byDescriptor(p pack.Package, f *os.File, err error) (pack.Package, func() error, error) {
	if err != nil {
		return p, nil, errors.Join(err, f.Close())
	}
	if p.Contents, err = pack.Measure(f, p.Size); err != nil {
		p.Contents = pack.Contents{} // no zip: the agent says what is wrong with it
	}
	p.Path = fmt.Sprintf("/proc/self/fd/%d", f.Fd())
	return p, f.Close, nil
}

// closed says what to do where the API of permanent applications is closed to a token, or not
// there, and that of debug applications is open.
func (d *deployer) closed(ctx context.Context, err error) error {
	refused := errors.Is(err, api.Unauthenticated) || errors.Is(err, api.Forbidden) || errors.Is(err, api.NotFound)
	if !d.remote || d.to == d.client.Debug() || !refused {
		return err
	}
	if _, failed := d.client.Debug().List(ctx); failed != nil {
		return err
	}
	return &output.Hint{
		Err: fmt.Errorf("with this login only debug applications can be deployed: %w", err),
		Text: "to deploy one, which expires: nexushub deploy --temporary; for a permanent one, log in with a token " +
			"that has a role; on the host: nexushub token create NAME --role developer --app APP",
	}
}

// findOrCreate finds the one to replace, or makes it.
func (d *deployer) findOrCreate(ctx context.Context,
	want api.NewDebugApplication) (app api.DebugApplication, err error) {
	err = d.retry(ctx, func() error {
		if d.to == d.client.Deployed() {
			app, err = d.to.Create(ctx, want)
			return err
		}
		list, err := d.to.List(ctx)
		if err != nil {
			return err
		}
		for _, a := range list {
			if sameButRelease(a, want) {
				app = a
				return nil
			}
		}
		app, err = d.to.Create(ctx, want)
		return err
	})
	return app, err
}

// sameButRelease is true where a deployment changes nothing but the release.
func sameButRelease(a api.DebugApplication, want api.NewDebugApplication) bool {
	return a.AppID == want.AppID && (want.HostName == "" || want.HostName == a.HostName) &&
		(want.DBName == "" || want.DBName == a.DBName) &&
		(want.StaticServiceURL == "" || want.StaticServiceURL == a.StaticServiceURL)
}

func (d *deployer) upload(ctx context.Context, id string, p pack.Package) error {
	bar := d.out.Upload(p.Size)
	err := upload.Run(ctx, d.to, id, p, bar)
	if errors.Is(err, api.Conflict) { // an earlier upload of other content was left behind
		if err := d.to.DiscardUpload(ctx, id); err != nil {
			return err
		}
		bar.Close(false)
		bar = d.out.Upload(p.Size)
		err = upload.Run(ctx, d.to, id, p, bar)
	}
	bar.Close(err == nil)
	return err
}

func (d *deployer) install(ctx context.Context, app api.DebugApplication) error {
	_, isBuilt := d.is.build()
	var stop func()
	var shown bool
	if isBuilt {
		d.out.Step("building " + app.AppID)
		follow := d.to.FollowBuild(ctx, app.ID, d.out.Building)
		stop = func() { shown = follow() }
	} else {
		d.out.Step("starting " + app.AppID)
		stop = reportWaiting(ctx, d.out, d.client.App, app.ID)
	}
	err := d.retry(ctx, func() (err error) {
		d.answer, err = d.to.Install(ctx, app.ID)
		return err
	})
	stop()
	for _, w := range d.answer.Withheld {
		d.out.Note(w)
	}
	if err == nil && d.answer.Status != "running" {
		now, failed := d.to.Status(ctx, app.ID)
		if d.answer.Status == api.NotBuilt {
			d.out.NotBuilt(app, d.answer.Message, shown, failed == nil && now.Status == "running")
			return errNotHealthy
		}
		d.out.NotHealthy(app, d.answer.Message, d.answer.Hints, failed == nil && now.Status == "running")
		err = errNotHealthy
	}
	return err
}

func (d *deployer) retry(ctx context.Context, f func() error) error {
	return upload.Retry(ctx, d.out.WaitingForAgent, f)
}
