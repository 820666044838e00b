package api

import "time"

// Health is the last answer of an application's health check.
type Health struct {
	Status         string        `json:"status"` // healthy, unhealthy, unknown
	Type           string        `json:"type,omitempty"`
	LastStatusCode int           `json:"last_status_code,omitempty"`
	Latency        time.Duration `json:"latency_nsec,omitempty"`
	Body           string        `json:"body,omitempty"` // at most 256 bytes
	Error          string        `json:"error,omitempty"`
	CheckedAt      *time.Time    `json:"checked_at,omitempty"`
}

// The words of Health.Status.
const (
	Healthy       = "healthy"
	Unhealthy     = "unhealthy"
	HealthUnknown = "unknown"
)
