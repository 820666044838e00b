package agent

import "testing"

func TestParseExposure(t *testing.T) {
	const table = "✓ PrivateNetwork=  Service has no access to the host's network\n\n"
	got, err := parseExposure(table + "→ Overall exposure level for nexushub-app-x.service: 1.2 OK :-)\n")
	if err != nil || got != 1.2 {
		t.Errorf("score = %v, %v; want 1.2", got, err)
	}
	if _, err := parseExposure("Unit x not found, cannot analyze."); err == nil {
		t.Error("an error message has a score")
	}
}
