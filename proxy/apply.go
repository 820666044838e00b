package proxy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/nexushub/nexushub/internal/atomicfile"
	"github.com/nexushub/nexushub/proxyctl"
)

// Apply puts a table in force. When it returns nil, the table is on disk, every new
// request goes by it, and targets that it no longer names take no new requests.
func (s *Server) Apply(t proxyctl.Table) error {
	s.applying.Lock()
	defer s.applying.Unlock()
	next, err := compile(t, s.targets)
	if err != nil {
		return err
	}
	if err := s.persist(t); err != nil {
		return err
	}
	s.install(next)
	s.acme.Manage(next.optedIn())
	s.log.Info("route table in force", "generation", t.Generation, "routes", len(t.Routes))
	return nil
}

func (s *Server) install(next *snapshot) {
	s.targets.revive(next)
	old := s.snapshot.Swap(next)
	s.targets.retire(next)
	if old != nil {
		close(old.changed)
	}
}

// retire forgets the targets that are of no use any more.
func (s *Server) retire() {
	s.applying.Lock()
	defer s.applying.Unlock()
	s.targets.retire(s.snapshot.Load())
}

func (s *Server) tablePath() string  { return filepath.Join(s.opt.StateDir, "routes.json") }
func (s *Server) secretPath() string { return filepath.Join(s.opt.RunDir, "internal-secret") }

// persist writes the table without the secret, which is only for /run.
func (s *Server) persist(t proxyctl.Table) error {
	secret := t.InternalSecret
	t.InternalSecret = ""
	b, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return err
	}
	if old, err := os.ReadFile(s.secretPath()); err != nil || string(old) != secret {
		if err := atomicfile.Write(s.secretPath(), []byte(secret), 0o600); err != nil {
			return err
		}
	}
	return atomicfile.Write(s.tablePath(), append(b, '\n'), 0o640)
}

// restore puts the table from disk in force, or an empty one.
func (s *Server) restore() error {
	t, err := s.readTable()
	if err != nil {
		return err
	}
	next, err := compile(t, s.targets)
	if err != nil {
		if err := s.setAside(err); err != nil {
			return err
		}
		if next, err = compile(proxyctl.Table{Format: 1}, s.targets); err != nil {
			return err
		}
	}
	s.install(next)
	return nil
}

func (s *Server) readTable() (proxyctl.Table, error) {
	t := proxyctl.Table{Format: 1}
	b, err := os.ReadFile(s.tablePath())
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return t, err
	}
	if err := json.Unmarshal(b, &t); err != nil {
		return proxyctl.Table{Format: 1}, s.setAside(err)
	}
	secret, err := os.ReadFile(s.secretPath())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return t, err
	}
	t.InternalSecret = string(secret)
	return t, nil
}

// setAside keeps a damaged table for an inspection, and starts without: the agent puts a
// new one.
func (s *Server) setAside(cause error) error {
	aside := s.tablePath() + ".damaged"
	s.log.Error("route table on disk is damaged and was set aside; the agent will send a new one",
		"path", aside, "error", cause)
	if err := os.Rename(s.tablePath(), aside); err != nil {
		return fmt.Errorf("set damaged route table aside: %w", err)
	}
	return nil
}
