package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestSettings(t *testing.T) {
	creds := t.TempDir()
	env := map[string]string{
		"HOST": "Login.example.org:8443", "STATE_DIRECTORY": "/s", "INTERNAL_SECRET": "i", "CREDENTIALS_DIRECTORY": creds,
	}
	getenv := func(k string) string { return env[k] }
	s, err := settingsFrom(getenv)
	if err != nil || s.host != "login.example.org" || s.admin != defaultAdmin || s.proxySecret != "" {
		t.Errorf("%+v, %v", s, err)
	}
	file := filepath.Join(creds, "proxy-secret")
	if err := os.WriteFile(file, []byte("p\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := settingsFrom(getenv); err != nil || s.proxySecret != "p" {
		t.Errorf("%+v, %v", s, err)
	}
	// An empty or unreadable secret must not open what it guards.
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := settingsFrom(getenv); err == nil {
		t.Error("an empty credential is taken for none")
	}
	for _, missing := range []string{"HOST", "STATE_DIRECTORY"} {
		value := env[missing]
		delete(env, missing)
		if _, err := settingsFrom(getenv); err == nil {
			t.Errorf("starts without %s", missing)
		}
		env[missing] = value
	}
}
