package detect

import (
	"encoding/json"
	"path"
	"strings"
	"time"

	"github.com/nexushub/nexushub/internal/manifest"
)

// Router decides what PHP's own server answers, as web servers do by their configuration.
const Router = "/usr/share/nexushub/router.php"

// byPHP starts PHP's own server, with several workers.
func byPHP(f *folder) (Result, bool) {
	index := f.first("public/index.php", "web/index.php", "webroot/index.php", "index.php")
	if index == "" {
		return Result{}, false
	}
	name, why := "PHP", "there is "+index
	if f.isFile("artisan") {
		name = "PHP, Laravel"
	} else if f.isFile("bin/console") {
		name = "PHP, Symfony"
	}
	if f.composes() && !f.has("vendor") {
		return missing(name, "composer.json", why, "its libraries are missing: run composer install --no-dev first"+instead)
	}
	// Files of the session are kept with the state, and old ones are removed by PHP itself: on Debian a timer
	// does that, in a folder that the sandbox does not open. PHP 8.4 wants memory for its compiler even where that
	// is off, and complains.
	r := application(name, index, why, "php", "-d", "pcre.jit=0", "-d", "opcache.jit_buffer_size=0",
		"-d", "session.save_path=$STATE_DIRECTORY", "-d", "session.gc_probability=1", "-S", listenAt, "-t", path.Dir(index), Router)
	r.Manifest.Health.Interval = manifest.Duration(time.Minute) // it writes three lines about each check
	return r.with("PHP_CLI_SERVER_WORKERS", "4"), true
}

// composes says whether composer.json wants libraries, and not only PHP and its extensions.
func (f *folder) composes() bool {
	var c struct {
		Require map[string]any `json:"require"`
	}
	_ = json.Unmarshal([]byte(f.read("composer.json")), &c) // what is no JSON wants nothing
	for name := range c.Require {
		if strings.Contains(name, "/") {
			return true
		}
	}
	return false
}
