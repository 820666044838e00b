package logentry

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

// Written by hand for speed, an entry is byte for byte what encoding/json makes of the same
// type. A field that is added to the type and not to AppendJSON fails here.
func TestEntryJSON(t *testing.T) {
	times := []time.Time{
		time.UnixMicro(1).UTC(), time.Date(2026, 11, 23, 15, 30, 0, 0, time.UTC),
		time.Date(2026, 11, 23, 15, 30, 0, 120_000_000, time.FixedZone("", 3600)),
	}
	for _, text := range []string{"", "plain", "quo\"te\\", "tab\tline\n", "\x1b[31m", "ünïcödé 日本", "<&>", "\u2028",
		"\x7f", "\xff"} {
		for _, at := range times {
			var e Entry
			v := reflect.ValueOf(&e).Elem()
			for i := range v.NumField() {
				switch f := v.Field(i).Addr().Interface().(type) {
				case *string:
					*f = v.Type().Field(i).Name + text
				case *int:
					*f = 40 + i
				case *time.Time:
					*f = at
				default:
					t.Fatalf("%s has a type of which this test knows nothing", v.Type().Field(i).Name)
				}
			}
			want, err := json.Marshal(e)
			if got := e.AppendJSON(nil); err != nil || string(got) != string(want) {
				t.Errorf("got\n%s\nwant\n%s, %v", got, want, err)
			}
		}
	}
}

// The names are those that clients rely on, whatever happens to the type.
func TestMembers(t *testing.T) {
	e := Entry{
		ID: "c", Timestamp: time.UnixMicro(1).UTC(), Level: "warn", Source: "stderr", Message: "m",
		PID: 3, ProcessID: 3, Unit: "u", Invocation: "i",
	}
	const want = `{"id":"c","timestamp":"1970-01-01T00:00:00.000001Z","level":"warn","source":"stderr","message":"m",` +
		`"pid":3,"processId":3,"unit":"u","invocation":"i"}`
	if got := string(e.AppendJSON(nil)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	e := Entry{
		ID:        "s=0639d50ea5ce4a3a9ac3a9eb2dbd8b4e;i=1a2b;b=7d9e;m=3f;t=60a24181e43e8;x=1",
		Timestamp: time.UnixMicro(1).UTC(), Level: "info", Source: "stdout", Message: "GET /index.html 200 12 ms",
		PID: 3, ProcessID: 3, Unit: "nexushub-app-hello-0123abcd.service", Invocation: "7d9e0639d50ea5ce4a3a9ac3a9eb2dbd",
	}
	var buffer []byte
	for b.Loop() {
		buffer = e.AppendJSON(buffer[:0])
	}
}
