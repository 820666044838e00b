package api

import "time"

// NewDebugApplication asks for a debug application. Only AppID
// must be there; what is missing is generated.
type NewDebugApplication struct {
	AppID            string `json:"appId"`
	DisplayName      string `json:"displayName,omitempty"`
	HostName         string `json:"hostName,omitempty"`
	DBName           string `json:"dbName,omitempty"`
	StaticServiceURL string `json:"staticServiceUrl,omitempty"`
}

// DebugApplication is the answer to its creation, and one row of the list.
type DebugApplication struct {
	ID               string     `json:"id"`
	AppID            string     `json:"appId"`
	DisplayName      string     `json:"displayName"`
	HostName         string     `json:"hostName"`
	DBName           string     `json:"dbName,omitempty"`
	StaticServiceURL string     `json:"staticServiceUrl,omitempty"`
	Status           string     `json:"status"`
	CreatedAt        time.Time  `json:"createdAt"`
	ExpiresAt        *time.Time `json:"expiresAt,omitempty"`
}
