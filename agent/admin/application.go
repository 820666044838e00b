package admin

// Application is one entry of the admin service's list.
type Application struct {
	InstanceID  string `json:"instanceId"`
	AppID       string `json:"appId"`
	DisplayName string `json:"displayName"`
	HostName    string `json:"hostName"`
}
