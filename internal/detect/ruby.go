package detect

import (
	"regexp"
)

// byRuby is a Rack application: Rails, Sinatra, Hanami.
func byRuby(f *folder) (Result, bool) {
	gems := f.read("Gemfile")
	rack := f.isFile("config.ru")
	alone := f.first("app.rb", "main.rb", "server.rb")
	if !rack && (alone == "" || !sinatra.MatchString(f.read(alone))) {
		return Result{}, false
	}
	name, file, why := "Ruby", "config.ru", "there is a config.ru"
	if f.isFile("bin/rails") {
		name, why = "Ruby on Rails", "there are config.ru and bin/rails"
	}
	argv := []string{"puma", "-b", "tcp://" + listenAt}
	if !rack {
		name, file, why = "Ruby, Sinatra", alone, alone+" requires sinatra"
		argv = []string{"ruby", alone, "-o", "127.0.0.1", "-p", "$PORT"}
	} else if gems != "" && !mentions(gems+f.read("Gemfile.lock"), "puma") {
		argv = []string{"rackup", "-o", "127.0.0.1", "-p", "$PORT"}
	}
	if gems != "" {
		if !f.gemsOfHost() && len(f.folders("vendor/bundle")) == 0 { // an empty one is no part of what is uploaded
			return missing(name, file, why, "its gems are missing: run bundle config set --local path vendor/bundle && "+
				"bundle install first"+instead)
		}
		argv = append([]string{"bundle", "exec"}, argv...)
	}
	r := application(name, file, why, argv...).compiling().with("RACK_ENV", "production").with("APP_ENV", "production")
	if gems != "" && !f.gemsOfHost() {
		r = r.with("BUNDLE_PATH", "vendor/bundle")
	}
	return r.onRails(f), true
}

var pathSystem = regexp.MustCompile(`(?m)^BUNDLE_PATH__SYSTEM: "?true"?\s*$`)

// gemsOfHost says that Bundler is told to use what is installed: bundle config set --local path.system true.
func (f *folder) gemsOfHost() bool { return pathSystem.MatchString(f.read(".bundle/config")) }

// onRails lets Rails run for people, and write beside its release what it would write into it: the
// config/puma.rb of Rails 5.2 to 7.0 wants a PID file in tmp/pids, bootsnap a cache in tmp.
func (r Result) onRails(f *folder) Result {
	if !f.isFile("bin/rails") {
		return r
	}
	return r.withAll(map[string]string{
		"RAILS_ENV": "production", "RAILS_LOG_TO_STDOUT": "1", "RAILS_SERVE_STATIC_FILES": "1",
		"PIDFILE": "/tmp/server.pid", "BOOTSNAP_CACHE_DIR": "/tmp/bootsnap",
	})
}

var sinatra = regexp.MustCompile(`(?m)^\s*require ["']sinatra["']`)

// mentions says that a list names a library.
func mentions(text, name string) bool {
	return regexp.MustCompile(`(?mi)(^|["'\s])` + regexp.QuoteMeta(name) + `($|["'\s\[<>=~!;,@(])`).MatchString(text)
}
