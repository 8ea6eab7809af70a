package queryapi_test

import (
	"net/http/httptest"
	"path/filepath"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/ttlog/ttlog/query"
	"github.com/ttlog/ttlog/queryapi"
	"github.com/ttlog/ttlog/storage"
)

// TestFields_NamesFindTheirValues takes the names that the API gives attributes
// whose keys mean something else, or nothing, in the query language: each finds
// the value of its own attribute.
func TestFields_NamesFindTheirValues(t *testing.T) {
	keys := []string{
		"plain", "http.route", "user-id", `with"quote`, "it's", "two words", "duration", "Name", "select", "true", "null", "now", "attributes",
		"1st", "a..b", ".a", "ключ", "line\nbreak", "--", "/*", "a,b", "count(*)", `\`, "$1", ":name", "x['y']", "_", "a.select",
	}
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	ss := rs.ScopeSpans().AppendEmpty()
	span := ss.Spans().AppendEmpty()
	span.SetTraceID([16]byte{1})
	span.SetSpanID([8]byte{1})
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
	want := map[string]map[string]string{"record": {}, "resource": {}, "scope": {}}
	for _, key := range keys {
		for place, attrs := range map[string]pcommon.Map{"record": span.Attributes(), "resource": rs.Resource().Attributes(), "scope": ss.Scope().Attributes()} {
			want[place][key] = place + " " + key
			attrs.PutStr(key, place+" "+key)
		}
	}
	s, err := storage.Open(filepath.Join(t.TempDir(), "data"), storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	body, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), storage.Traces, body, 0); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(queryapi.New(queryapi.Options{Source: query.FromStore(s), Traces: s}))
	defer func() {
		srv.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	type field struct{ Key, Place string }
	for _, params := range [][]string{{"limit", "1000"}, {"limit", "1000", "from", "0"}} {
		seen := 0
		for _, f := range ask[struct{ Fields []field }](t, srv, "fields", params...).Fields {
			if f.Place == "column" {
				continue
			}
			seen++
			got := ask[struct{ Values []counted }](t, srv, "values", "key", f.Key).Values
			if len(got) != 1 {
				t.Errorf("%s has the values %v", f.Key, got)
				continue
			}
			text, _ := got[0].Value.(string)
			key := text[min(len(text), len(f.Place)+1):]
			if want[f.Place][key] != text {
				t.Errorf("%s, of the %s, finds %q", f.Key, f.Place, text)
			}
			delete(want[f.Place], key)
		}
		if seen != 3*len(keys) {
			t.Errorf("%v: %d names, want %d", params, seen, 3*len(keys))
		}
		if len(want["record"])+len(want["resource"])+len(want["scope"]) > 0 {
			t.Errorf("%v: no names for %v", params, want)
		}
		for _, key := range keys {
			for place := range want {
				want[place][key] = place + " " + key
			}
		}
	}
}
