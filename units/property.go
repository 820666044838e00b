package units

import "github.com/godbus/dbus/v5"

// Property is one property of a unit as StartTransientUnit takes it, type (sv).
type Property struct {
	Name  string
	Value dbus.Variant
}

// properties collects in order; a name may come twice where systemd merges lists.
type properties []Property

func (p *properties) set(name string, value any) {
	*p = append(*p, Property{Name: name, Value: dbus.MakeVariant(value)})
}

// The D-Bus structures behind systemd's richer properties.
type (
	execCommand struct { // (sasb)
		Path          string
		Argv          []string
		IgnoreFailure bool
	}
	envFile struct { // (sb)
		Path          string
		IgnoreMissing bool
	}
	credential struct{ ID, Path string } // (ss)
	filter     struct {                  // (bas)
		Allow bool
		Names []string
	}
	bindMount struct { // (ssbt)
		Source, Target string
		IgnoreMissing  bool
		Flags          uint64
	}
	tmpfs     struct{ Path, Options string } // (ss)
	listener  struct{ Type, Address string } // (ss)
	calendar  struct{ Base, Spec string }    // (ss)
	ipNetwork struct {                       // (iayu)
		Family  int32
		Address []byte
		Prefix  uint32
	}
)
