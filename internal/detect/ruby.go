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
		if !f.has("vendor/bundle") {
			return missing(name, file, why, "its gems are missing: run bundle config set --local path vendor/bundle && "+
				"bundle install first"+instead)
		}
		argv = append([]string{"bundle", "exec"}, argv...)
	}
	r := application(name, file, why, argv...).compiling().with("RACK_ENV", "production").with("APP_ENV", "production")
	if gems != "" {
		r = r.with("BUNDLE_PATH", "vendor/bundle")
	}
	if name == "Ruby on Rails" {
		r = r.with("RAILS_ENV", "production").with("RAILS_LOG_TO_STDOUT", "1").with("RAILS_SERVE_STATIC_FILES", "1")
	}
	return r, true
}

var sinatra = regexp.MustCompile(`(?m)^\s*require ["']sinatra["']`)

// mentions says that a list names a library.
func mentions(text, name string) bool {
	return regexp.MustCompile(`(?mi)(^|["'\s])` + regexp.QuoteMeta(name) + `($|["'\s\[<>=~!;,@(])`).MatchString(text)
}
