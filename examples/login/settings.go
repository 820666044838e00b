package main

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// settings come from the environment that every instance sees, and two of its own.
type settings struct {
	port    string
	host    string // own host name, without a port
	secret  string // INTERNAL_SECRET: who has it may exchange tokens
	state   string // folder for sessions.json
	users   string // users.json
	access  time.Duration
	session time.Duration
}

func settingsFrom(getenv func(string) string) (settings, error) {
	host, _, _ := strings.Cut(getenv("HOST"), ":")
	s := settings{
		port: getenv("PORT"), host: host, secret: getenv("INTERNAL_SECRET"),
		state: getenv("STATE_DIRECTORY"), users: getenv("LOGIN_USERS"),
	}
	if s.users == "" {
		s.users = "users.json"
	}
	for name, value := range map[string]string{"PORT": s.port, "INTERNAL_SECRET": s.secret, "STATE_DIRECTORY": s.state} {
		if value == "" {
			return s, fmt.Errorf("%s is not set", name)
		}
	}
	var errAccess, errSession error
	s.access, errAccess = duration(getenv, "LOGIN_ACCESS_LIFETIME", time.Hour)
	s.session, errSession = duration(getenv, "LOGIN_SESSION_LIFETIME", 30*24*time.Hour)
	return s, errors.Join(errAccess, errSession)
}

func duration(getenv func(string) string, name string, otherwise time.Duration) (time.Duration, error) {
	text := getenv(name)
	if text == "" {
		return otherwise, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%s: want a duration such as 1h, have %q", name, text)
	}
	return d, nil
}
