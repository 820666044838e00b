package programs_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

const asForm = "Content-Type: application/x-www-form-urlencoded"

// gift is a second release: its migration adds a column, which its page shows.
const gift = `cd /srv/django
echo '    gift = models.BooleanField(default=True)' >>shop/models.py
cat >shop/migrations/0002_gift.py <<'END'
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.AddField("order", "gift", models.BooleanField(default=True))]
END
nexushub deploy`

// broken is a third one, whose migration cannot be done.
const broken = `cd /srv/django
cat >shop/migrations/0003_broken.py <<'END'
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("shop", "0002_gift")]
    operations = [migrations.RunSQL("create table half (n int); select 1/0")]
END
nexushub deploy 2>&1`

func useDjango(t *testing.T, a app) func(*testing.T) {
	a.shows(t, match(t, a.page(t, "/"), `href="(/static/shop/style\.\w+\.css)"`), "sans-serif")
	a.order(t, "a red kite")
	lab.Eventually(t, "its worker packs the order", func() error {
		page := a.page(t, "/")
		return lab.Unless(strings.Contains(page, "a red kite: packed"), "%s", page)
	})
	if log := a.Must(t, "nexushub", "logs", "--process", "worker", a.name); !strings.Contains(log, "packed order 1") {
		t.Errorf("the log of its worker is\n%s", log)
	}
	a.reports(t, "1 orders, 1 packed")
	a.Sh(t, gift)
	a.shows(t, "/api/orders", `"a red kite"`, `"gift": true`)
	a.keepsServing(t)
	a.order(t, "a blue one")
	return keeps(t, func(t *testing.T) {
		a.shows(t, "/", "2 orders", "a red kite: packed")
		if ran := a.sql(t, "select string_agg(name, ' ' order by id) from django_migrations where app = 'shop'"); ran !=
			"0001_initial 0002_gift" {
			t.Errorf("its migrations were %s", ran)
		}
		if half := a.sql(t, "select to_regclass('half') is null"); half != "t" {
			t.Error("half of a migration is there")
		}
	})
}

// order fills in the form of the page, as a browser does.
func (a app) order(t *testing.T, what string) {
	t.Helper()
	token := match(t, a.page(t, "/"), `name="csrfmiddlewaretoken" value="(\w+)"`)
	answer := a.ask(t, http.MethodPost, "/orders", strings.NewReader(url.Values{
		"csrfmiddlewaretoken": {token}, "what": {what},
	}.Encode()), asForm, "Origin: "+a.url, "Referer: "+a.url+"/")
	if !strings.Contains(answer, what) {
		t.Errorf("after the order of %s its page is\n%s", what, answer)
	}
}

// keepsServing: where a migration fails, what serves keeps serving, and everybody learns why.
func (a app) keepsServing(t *testing.T) {
	t.Helper()
	before := a.AwaitState(t, a.name, api.StateRunning)
	out, err := a.TrySh(t, broken)
	for _, want := range []string{"its release command failed: exit status 1", "division by zero"} {
		if err == nil || !strings.Contains(out, want) {
			t.Errorf("a migration that fails: %v, and not %q:\n%s", err, want, out)
		}
		if status := a.Must(t, "nexushub", "status", a.name); !strings.Contains(status, want) {
			t.Errorf("the status does not say %q:\n%s", want, status)
		}
	}
	if now := a.AwaitState(t, a.name, api.StateRunning); now.Release != before.Release || now.PID != before.PID {
		t.Errorf("what serves is another one: %+v", now)
	}
	a.shows(t, "/", "a red kite: packed")
	a.Sh(t, "cd /srv/django; rm shop/migrations/0003_broken.py; nexushub deploy")
}

// reports runs the job report, which says something.
func (a app) reports(t *testing.T, want string) {
	t.Helper()
	if out := a.Must(t, "nexushub", "run", a.name, "report"); !strings.Contains(out, want) {
		t.Errorf("its job says %q", out)
	}
	jobs := decoded[[]api.Job](t, a.Must(t, "nexushub", "jobs", "--json", a.name))
	if len(jobs) != 1 || jobs[0].NextRun == nil || jobs[0].LastRun == nil || jobs[0].LastRun.Failed {
		t.Errorf("its jobs are %+v", jobs)
	}
}

// sql is what a query answers in the database of the application.
func (a app) sql(t *testing.T, query string) string {
	t.Helper()
	return strings.TrimSpace(a.Must(t, "nexushub", "exec", a.name, "--", "psql", "-XAtwq", "-c", query))
}
