package agent

// secrets are the root-only files of an instance. The caller holds mu.
func (a *Agent) secrets(id string) Secrets { return Secrets{} }
