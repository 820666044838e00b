// Package backups is what makes backups by the clock: their settings in the file of
// /etc/nexushub, what systemd is told of them, and which archives are too many. A packaged timer
// and service do the rest: they survive reboots and upgrades, and say themselves when they run.
package backups

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nexushub/nexushub/internal/beneath"
	"github.com/nexushub/nexushub/internal/calendar"
	"github.com/nexushub/nexushub/internal/tomlfile"
)

// File has the settings, in /etc/nexushub.
const File = "backup.toml"

// The packaged units.
const (
	Timer   = "nexushub-backup.timer"
	Service = "nexushub-backup.service"
)

// MaxKeep is how many archives can be kept.
const MaxKeep = 1000

// Settings are what `nexushub backup --every` sets.
type Settings struct {
	Every  string `toml:"every"`  // a calendar expression of systemd
	Keep   int    `toml:"keep"`   // archives
	Data   bool   `toml:"data"`   // with the data of applications
	Folder string `toml:"folder"` // of the archives
}

// Default is in force where nothing is set and somebody has enabled the timer.
func Default() Settings { return Settings{Every: "daily", Keep: 7, Folder: "/var/backups/nexushub"} }

// Load reads the settings in dir.
func Load(dir string) (Settings, error) {
	s := Default()
	d, err := beneath.Open(dir)
	if err != nil {
		return s, err
	}
	defer d.Close()
	text, err := d.ReadFile(File, 64<<10)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	f := tomlfile.Parse(filepath.Join(dir, File), text)
	f.Bind(&s)
	if err := f.Err(); err != nil {
		return s, err
	}
	if err := s.Check(); err != nil {
		return s, fmt.Errorf("%s: %w", f.Name, err)
	}
	return s, nil
}

// Text is the file of the settings.
func (s Settings) Text() string {
	return fmt.Sprintf("# Written by nexushub backup --every, which also sets the timer.\n"+
		"every = %s\nkeep = %d\ndata = %t\nfolder = %s\n", strconv.Quote(s.Every), s.Keep, s.Data, strconv.Quote(s.Folder))
}

// Check says what cannot be.
func (s Settings) Check() error {
	switch {
	case s.Keep < 1 || s.Keep > MaxKeep:
		return fmt.Errorf("keep is %d: it must be between 1 and %d", s.Keep, MaxKeep)
	case !filepath.IsAbs(s.Folder) || filepath.Clean(s.Folder) != s.Folder:
		return fmt.Errorf("the folder %q must be an absolute path without .. in it", s.Folder)
	case !plain.MatchString(s.Folder):
		return fmt.Errorf("the folder %q must have plain letters, digits and ._@:+- alone, for systemd", s.Folder)
	}
	for _, t := range saved {
		if s.Folder == t || strings.HasPrefix(s.Folder+"/", t+"/") {
			return fmt.Errorf("the folder %s is a part of what is backed up: each archive would hold those before it", s.Folder)
		}
	}
	return nil
}

var (
	plain = regexp.MustCompile(`^[A-Za-z0-9/._@:+-]+$`)
	// saved are the folders that archives are made of.
	saved = []string{"/etc/nexushub", "/var/lib/nexushub", "/var/lib/nexushub-proxy", "/var/lib/private",
		"/var/lib/nexushub-apps", "/var/lib/nexushub-git"}
	words = map[string]string{"hour": "hourly", "day": "daily", "week": "weekly", "month": "monthly"}
)

// Calendar is the expression that --every says: a word, or what systemd reads.
func Calendar(every string) (string, error) {
	if w, ok := words[every]; ok {
		return w, nil
	}
	if strings.ContainsAny(every, "\r\n%") { // it becomes a line of a unit
		return "", fmt.Errorf("%q is no calendar expression", every)
	}
	next, err := calendar.Next(every)
	switch {
	case errors.Is(err, calendar.ErrAbsent):
		return "", err
	case err != nil:
		return "", fmt.Errorf("%q is neither hour, day, week, month or off, and %w", every, err)
	case next == calendar.Never:
		return "", fmt.Errorf("%q is in the past alone", every)
	}
	return every, nil
}

// DropIns are what systemd is told, by folder below /etc/systemd/system. A calendar expression has
// neither lines nor specifiers: systemd has read it.
func (s Settings) DropIns() map[string]string {
	return map[string]string{
		Timer + ".d":   "[Timer]\nOnCalendar=\nOnCalendar=" + s.Every + "\n",
		Service + ".d": "[Unit]\n# Not into the empty folder of a disk that is away.\nRequiresMountsFor=" + s.Folder + "\n",
	}
}

// Name is the name of the archive of a time; later ones sort after it.
func Name(t time.Time) string { return "nexushub-" + t.UTC().Format("20060102T150405Z") + ".tar.gz" }

var name = regexp.MustCompile(`^nexushub-\d{8}T\d{6}Z\.tar\.gz$`)

// Archives are those names of a folder that Name made, oldest first. Others are not ours to remove.
func Archives(names []string) []string {
	list := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !name.MatchString(n) })
	slices.Sort(list)
	return list
}

// Surplus are the archives beyond the newest keep. The newest in which nothing is missing stays.
func Surplus(archives []string, keep int, whole string) []string {
	if len(archives) <= keep {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(archives[:len(archives)-keep]), func(n string) bool { return n == whole })
}

// Need is the room that the next archive may take, by the size of the last one.
func Need(last int64) int64 { return last + last/4 + 16<<20 }
