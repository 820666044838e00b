package build_test

import (
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

// Ruby and PHP with libraries that lie in the package, because the machine has no network.
const (
	rubySource = `mkdir -p /srv/ruby/word/lib; cd /srv/ruby
echo "WORD = 'from a gem'" >word/lib/word.rb
cat >word/word.gemspec <<'END'
Gem::Specification.new { |s| s.name = "word"; s.version = "1.0"; s.summary = "a word"; s.authors = ["A"]; s.files = ["lib/word.rb"] }
END
echo 'gem "word", path: "word"' >Gemfile
bundle lock --local
cat >server.rb <<'END'
require "socket"
require "word"
server = TCPServer.new("127.0.0.1", ENV["PORT"].to_i)
loop do
  c = server.accept
  c.readpartial(65536) rescue next
  c.write("HTTP/1.1 200 OK\r\nContent-Length: #{WORD.size}\r\nConnection: close\r\n\r\n#{WORD}")
  c.close
end
END
echo 'web: bundle exec ruby server.rb' >Procfile`

	phpSource = `mkdir -p /srv/php/word; cd /srv/php
echo '{"name": "shop/word", "version": "1.0.0", "autoload": {"files": ["word.php"]}}' >word/composer.json
echo '<?php const WORD = "from a library";' >word/word.php
cat >composer.json <<'END'
{"repositories": [{"type": "path", "url": "word", "options": {"symlink": false}}, {"packagist.org": false}],
 "require": {"shop/word": "1.0.0"}}
END
COMPOSER_ALLOW_SUPERUSER=1 composer update --no-install --no-interaction
echo '<?php require __DIR__ . "/vendor/autoload.php"; echo WORD;' >index.php`

	slowSource = `mkdir -p /srv/slow; cd /srv/slow
printf '[build]\ncommand = "sleep 10; mkdir static; echo made >static/index.html"\n' >nexushub.toml
(nexushub deploy /srv/slow >/dev/null 2>&1 &)
until nexushub list | grep -q 'slow *building'; do sleep 0.1; done
nexushub status slow || echo "exit code $?"
curl -s --unix-socket /run/nexushub/metrics.sock http://nexushub/metrics | grep builds_under_way`
)

func TestBuildsOfOtherLanguages(t *testing.T) {
	h := lab.NewHost(t, lab.Trixie, "bundler", "composer", "php-cli")
	h.Sh(t, "printf '[build]\\nunfiltered = true\\n' >/etc/nexushub/conf.d/build.toml; systemctl reload nexushubd")
	for _, c := range []struct{ name, source, tool, command, lacks, answer string }{
		{"ruby", rubySource, "bundle", "bundle install", "lacks what the build needs: bundle; run apt install bundler", "from a gem"},
		{"php", phpSource, "composer", "composer install", "lacks what the build needs: composer; run apt install composer",
			"from a library"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.Sh(t, c.source)
			away := "mv /usr/bin/" + c.tool + " /usr/bin/" + c.tool + ".away"
			out, err := h.TrySh(t, away+"; nexushub deploy /srv/"+c.name+" 2>&1")
			if err == nil || !strings.Contains(out, c.lacks) {
				t.Errorf("%v: %s", err, out)
			}
			h.Sh(t, "mv /usr/bin/"+c.tool+".away /usr/bin/"+c.tool)
			out, err = h.TrySh(t, "nexushub deploy /srv/"+c.name+" 2>&1")
			if err != nil || !strings.Contains(out, c.command) {
				t.Fatalf("%v: %s", err, out)
			}
			answers(t, h, c.name, c.answer)
		})
	}
	t.Run("what is built is told", func(t *testing.T) {
		out := h.Sh(t, slowSource)
		for _, part := range []string{"state: building", "building: sleep 10; mkdir static", "by root", "exit code 3",
			`nexushub_builds_under_way{state="running"} 1`} {
			if !strings.Contains(out, part) {
				t.Errorf("%s\nwant %q", out, part)
			}
		}
		h.AwaitState(t, "slow", api.StateRunning)
		out = h.Sh(t, "nexushub list --json; curl -s --unix-socket /run/nexushub/metrics.sock http://nexushub/metrics")
		if strings.Contains(out, `"building"`) || !strings.Contains(out, `nexushub_builds_total{result="success"} 3`) {
			t.Errorf("afterwards: %s", out)
		}
	})
}
