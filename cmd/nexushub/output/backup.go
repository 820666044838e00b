package output

import (
	"fmt"
	"time"

	"github.com/nexushub/nexushub/internal/lastbackup"
)

// BackupClock is what `backup --status` shows.
type BackupClock struct {
	Every    string          `json:"every"` // a calendar expression, or off
	Keep     int             `json:"keep,omitempty"`
	Data     bool            `json:"data,omitempty"`
	Folder   string          `json:"folder,omitempty"`
	NextRun  *time.Time      `json:"next_run,omitempty"`
	Archives []string        `json:"archives"` // in the folder, oldest first
	LastRun  *lastbackup.Run `json:"last_run,omitempty"`
}

// BackupClock is `backup --status`.
func (p *Printer) BackupClock(s BackupClock) error {
	if done, err := p.json(s); done {
		return err
	}
	rows := p.pairs()
	rows.row("every", s.Every)
	if s.Every != "off" {
		rows.row("into", s.Folder+map[bool]string{true: ", with the data of applications"}[s.Data])
		rows.row("keeps", fmt.Sprintf("%d archives, has %d", s.Keep, len(s.Archives)))
	}
	if s.NextRun != nil {
		rows.row("next", p.in(*s.NextRun))
	}
	if r := s.LastRun; r != nil {
		switch {
		case r.Error != "":
			rows.row("last run", p.yellow(p.ago(r.EndedAt)+", failed: "+r.Error))
			rows.row("last success", p.agoPtr(r.LastSuccess))
		case r.Incomplete:
			rows.row("last run", p.yellow(p.ago(r.EndedAt)+": "+r.File+" lacks content of applications"))
			rows.row("last whole", r.LastWhole)
		default:
			rows.row("last run", fmt.Sprintf("%s: %s, %s", p.ago(r.EndedAt), r.File, size(uint64(r.Bytes))))
		}
	}
	return rows.flush()
}
