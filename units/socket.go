package units

// SocketDir holds the listening sockets of applications with network = "socket".
const SocketDir = "/run/nexushub/sockets"

// SocketPath is where PID 1 listens for a service with network = "socket".
func SocketPath(service string) string {
	return SocketDir + "/" + base(service) + ".sock"
}

// webSocket is the socket unit of a service with network = "socket": PID 1 listens on
// a path only the proxy may open, so that the application needs neither port nor network.
func (s Spec) webSocket(caps Capabilities) unit {
	service := s.UnitName()
	var p properties
	s.listening(&p)
	p.set("Listen", []listener{{"Stream", SocketPath(service)}})
	p.set("FileDescriptorName", "web")
	p.set("SocketUser", "root")
	p.set("SocketGroup", ProxyUser)
	p.set("SocketMode", uint32(0o660))
	p.set("DirectoryMode", uint32(0o755))
	p.set("RemoveOnStop", true)
	return unit{base(service) + ".socket", caps.supported(p)}
}

// listening is what all our socket units share. A trigger limit would close the socket
// for good after 20 activations in 2 s, and with it the application.
func (s Spec) listening(p *properties) {
	p.set("Description", "NexusHub socket of "+s.HostName)
	p.set("Slice", Slice)
	p.set("CollectMode", "inactive-or-failed") // nobody reads how a socket ended
	p.set("Backlog", uint32(4096))
	p.set("TriggerLimitIntervalUSec", uint64(0))
}
