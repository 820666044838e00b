package packaging

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// hardening are the settings that take something away from a service.
var hardening = regexp.MustCompile(`^((Protect|Private|Restrict|SystemCall|Capability|IPAddress|Device)\w*|NoNewPrivileges|` +
	`LockPersonality|MemoryDenyWriteExecute|RemoveIPC|KeyringMode|ProcSubset|UMask|User|Group)=`)

// Who reads a unit finds what each line of its sandbox is for.
func TestEveryHardeningLineIsExplained(t *testing.T) {
	together := map[string]string{"Group": "User", "IPAddressAllow": "IPAddressDeny"} // one comment for both
	atLeast := map[string]int{"nexushubd.service": 20, "nexushub-proxy.service": 20, "nexushub-backup.service": 9}
	for name, least := range atLeast {
		unit, err := os.ReadFile("systemd/" + name)
		if err != nil {
			t.Fatal(err)
		}
		before, lines := "", 0
		for line := range strings.Lines(string(unit)) {
			key, _, _ := strings.Cut(line, "=")
			if hardening.MatchString(line) {
				lines++
				last, _, _ := strings.Cut(before, "=")
				if !strings.HasPrefix(before, "# ") && last != key && last != together[key] {
					t.Errorf("%s: nothing explains %s", name, line)
				}
			}
			before = line
		}
		if lines < least {
			t.Errorf("%s: only %d lines of a sandbox", name, lines)
		}
	}
}
