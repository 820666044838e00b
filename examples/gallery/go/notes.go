package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"sync"
)

// notes are kept in one file.
type notes struct {
	file string
	mu   sync.Mutex
	list []string
}

func open(file string) (*notes, error) {
	n := &notes{file: file, list: []string{}}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return n, nil
	}
	if err != nil {
		return nil, err
	}
	return n, json.Unmarshal(text, &n.list)
}

func (n *notes) all() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string{}, n.list...)
}

func (n *notes) add(text string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := append(n.list, text)
	data, err := json.Marshal(list)
	if err != nil {
		return err
	}
	if err := os.WriteFile(n.file+".new", data, 0o600); err != nil {
		return err
	}
	if err := os.Rename(n.file+".new", n.file); err != nil {
		return err
	}
	n.list = list
	return nil
}
