package config

import "path/filepath"

// LoadProxy reads nexushub.toml and conf.d alone. The proxy has no business with
// apps.d: a fault in one application's file must not keep it from serving the others.
func LoadProxy(dir string) (*Config, error) {
	l := loader{dir: dir, config: Default()}
	l.config.Root = dir
	l.main(filepath.Join(dir, "nexushub.toml"), true)
	for _, name := range l.list("conf.d") {
		l.main(name, false)
	}
	if len(l.faults) > 0 {
		l.faults.Sort()
		return nil, l.faults
	}
	return l.config, nil
}
