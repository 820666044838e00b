package units_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// self is this test program in the machine; as "serve" it is the application.
const self = "/usr/lib/nexushub/units.test"

// serve answers on the socket it was given, or on PORT, until it is stopped.
func serve() error {
	l, err := listen()
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/env", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, os.Getenv(r.FormValue("name")))
	})
	mux.HandleFunc("/dial", func(w http.ResponseWriter, r *http.Request) {
		c, err := net.DialTimeout("tcp", r.FormValue("to"), time.Second)
		if err == nil {
			c.Close()
		}
		fmt.Fprintf(w, "%v", err)
	})
	mux.HandleFunc("/listen", func(w http.ResponseWriter, r *http.Request) {
		_, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
		fmt.Fprintf(w, "%v", err)
	})
	mux.HandleFunc("/write", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%v", os.WriteFile(r.FormValue("path"), []byte(r.FormValue("text")), 0o600))
	})
	mux.HandleFunc("/read", func(w http.ResponseWriter, r *http.Request) {
		b, err := os.ReadFile(r.FormValue("path"))
		fmt.Fprintf(w, "%s", b)
		if err != nil {
			fmt.Fprint(w, err)
		}
	})
	mux.HandleFunc("/connect", func(w http.ResponseWriter, r *http.Request) {
		c, err := net.Dial(r.FormValue("kind"), r.FormValue("path"))
		if err == nil {
			c.Close()
		}
		fmt.Fprintf(w, "%v", err)
	})
	mux.HandleFunc("/try", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%v", tries[r.FormValue("what")]())
	})
	mux.HandleFunc("/eat", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.FormValue("mib"))
		fmt.Fprint(w, len(strings.Repeat("x", n<<20)))
	})
	if err := notify("READY=1\nSTATUS=serving"); err != nil {
		return err
	}
	return http.Serve(l, mux)
}

// tries are what programs do at their start without a thought.
var tries = map[string]func() error{
	"list interfaces": func() error {
		found, err := net.Interfaces()
		if err == nil && len(found) == 0 {
			err = errors.New("there are none")
		}
		return err
	},
	"become who it is": func() error {
		uid, gid := os.Getuid(), os.Getgid()
		return errors.Join(syscall.Setuid(uid), syscall.Setgid(gid), syscall.Setresuid(uid, uid, uid),
			syscall.Setreuid(uid, uid))
	},
	"own its files": func() error {
		f, err := os.CreateTemp("", "")
		if err != nil {
			return err
		}
		return errors.Join(f.Chown(os.Getuid(), os.Getgid()), os.Remove(f.Name()), f.Close())
	},
	"become root": func() error { return syscall.Setuid(0) },
	"give away its files": func() error {
		f, err := os.CreateTemp("", "")
		if err != nil {
			return nil // for this is to fail
		}
		defer os.Remove(f.Name())
		return f.Chown(0, 0)
	},
	"read its memory limit": func() error {
		limit, err := memoryLimit()
		if err == nil && limit != memoryMax {
			err = fmt.Errorf("%d", limit)
		}
		return err
	},
	"write at home": func() error {
		home, err := os.UserHomeDir()
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(home, "file"), nil, 0o600)
	},
	"write a cache": func() error {
		dir, err := os.UserCacheDir()
		if err != nil {
			return err
		}
		return os.MkdirAll(filepath.Join(dir, "x"), 0o700)
	},
}

// memoryMax of those who try.
const memoryMax = 300 << 20

// memoryLimit looks as the JVM does: which hierarchy has the controller, where that is
// mounted, and which group this process is in.
func memoryLimit() (int, error) {
	controllers, err := os.ReadFile("/proc/cgroups")
	if err != nil {
		return 0, err
	}
	file, group := "memory.limit_in_bytes", regexp.MustCompile(`(?m)^\d+:memory:(.*)$`)
	kind := regexp.MustCompile(`(?m)^\S+ \S+ \S+ \S+ (\S+) .* - cgroup \S+ \S*memory`)
	if regexp.MustCompile(`(?m)^memory\t0\t`).Match(controllers) {
		file, group = "memory.max", regexp.MustCompile(`(?m)^0::(.*)$`)
		kind = regexp.MustCompile(`(?m)^\S+ \S+ \S+ \S+ (\S+) .* - cgroup2 `)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return 0, err
	}
	groups, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return 0, err
	}
	at, in := kind.FindSubmatch(mounts), group.FindSubmatch(groups)
	if at == nil || in == nil {
		return 0, fmt.Errorf("no memory controller in:\n%s%s%s", controllers, mounts, groups)
	}
	text, err := os.ReadFile(filepath.Join(string(at[1]), string(in[1]), file))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

// notify tells PID 1, as sd_notify(3) does.
func notify(state string) error {
	address := os.Getenv("NOTIFY_SOCKET")
	if address == "" {
		return nil
	}
	c, err := net.Dial("unixgram", address)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Write([]byte(state))
	return err
}

func listen() (net.Listener, error) {
	if os.Getenv("LISTEN_PID") == strconv.Itoa(os.Getpid()) {
		return net.FileListener(os.NewFile(3, os.Getenv("LISTEN_FDNAMES")))
	}
	return net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
}
