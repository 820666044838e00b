package api

import "time"

// InstallAnswer ends an installation that went well.
type InstallAnswer struct {
	ApplicationID string    `json:"applicationId"`
	Status        string    `json:"status"` // running, installed_not_started
	Message       string    `json:"message"`
	InstalledAt   time.Time `json:"installedAt"`
}

// DebugStatus is the state of a debug application in the words of the debug API.
type DebugStatus struct {
	ApplicationID string        `json:"applicationId"`
	Status        string        `json:"status"`
	ProcessID     int           `json:"processId"`
	Port          int           `json:"port"`
	HealthCheck   string        `json:"healthCheck"`
	Error         string        `json:"error"`
	LastUpdated   time.Time     `json:"lastUpdated"`
	Metadata      DebugMetadata `json:"metadata"`
}

// DebugMetadata is the rest of DebugStatus.
type DebugMetadata struct {
	AppID            string     `json:"appId"`
	DisplayName      string     `json:"displayName"`
	HostName         string     `json:"hostName"`
	StaticServiceURL string     `json:"staticServiceUrl"`
	Unit             string     `json:"unit"`
	Release          string     `json:"release"`
	Restarts         int        `json:"restarts"`
	ExpiresAt        *time.Time `json:"expiresAt"`

	HealthDetail *Health  `json:"healthDetail,omitempty"`
	Memory       uint64   `json:"memory,omitempty"`
	CPUNSec      uint64   `json:"cpuNsec,omitempty"`
	Exposure     *float64 `json:"exposure,omitempty"`
}
