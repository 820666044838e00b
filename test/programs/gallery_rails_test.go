package programs_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// starred is a second release of the Rails application, with a migration of its own.
const starred = `cd /srv/rails
cat >db/migrate/20260102000000_add_star_to_notes.rb <<'END'
class AddStarToNotes < ActiveRecord::Migration[6.1]
  def change
    add_column :notes, :star, :boolean, null: false, default: true
  end
end
END
nexushub deploy`

func useRails(t *testing.T, a app) func(*testing.T) {
	a.shows(t, "/style.css", "sans-serif")
	token := match(t, a.page(t, "/"), `name="authenticity_token" value="([^"]+)"`)
	a.ask(t, http.MethodPost, "/notes", strings.NewReader(url.Values{
		"authenticity_token": {token}, "text": {"a red kite"},
	}.Encode()), asForm, "Origin: "+a.url)
	a.reports(t, "1 notes")
	a.Sh(t, starred)
	return keeps(t, func(t *testing.T) {
		a.shows(t, "/", "1 notes", "<li>a red kite")
		a.shows(t, "/api/notes", `"star":true`)
		if ran := a.sql(t, "select count(*) from schema_migrations"); ran != "2" {
			t.Errorf("%s migrations were done", ran)
		}
	})
}
