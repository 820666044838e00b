package lab

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Suite is a Debian release that machines run.
type Suite string

// The suites that the project supports: systemd 252 and 257.
const (
	Bookworm Suite = "bookworm"
	Trixie   Suite = "trixie"
)

// Suites is what a test that must hold everywhere loops over.
var Suites = []Suite{Bookworm, Trixie}

// packages is what a machine has beyond Debian's essential ones: an init, the tools
// that tests and operators look with, and nothing that NexusHub should depend on.
var packages = []string{
	"systemd", "systemd-sysv", "dbus", "libnss-systemd", "ca-certificates", "curl", "procps", "iproute2",
}

// finish runs in the fresh tree: timers that would disturb measurements are masked.
const finish = `set -e
ln -sf /dev/null /etc/systemd/system/apt-daily.timer
ln -sf /dev/null /etc/systemd/system/apt-daily-upgrade.timer
ln -sf /dev/null /etc/systemd/system/dpkg-db-backup.timer
ln -sf /dev/null /etc/systemd/system/e2scrub_all.timer
ln -sf /dev/null /etc/systemd/system/fstrim.timer
ln -sf /dev/null /etc/systemd/system/console-getty.service
rm -rf /usr/share/doc/* /usr/share/man/* /usr/share/locale/*
`

// noServices: of the packages that a test asks for, it starts the programs itself.
const noServices = `rm -f /etc/systemd/system/multi-user.target.wants/*.service
`

// ParseSuite accepts the names in Suites.
func ParseSuite(s string) (Suite, error) {
	for _, known := range Suites {
		if s == string(known) {
			return known, nil
		}
	}
	return "", fmt.Errorf("lab: unknown suite %q, known are %v", s, Suites)
}

// key names a cached tree: what it was built from is in its name.
func (s Suite) key(more []string) string {
	made := strings.Join(packages, ",") + "\n" + finish
	if len(more) > 0 {
		made += strings.Join(more, ",") + "\n" + noServices
	}
	sum := sha256.Sum256([]byte(made))
	return string(s) + "-" + hex.EncodeToString(sum[:6])
}
