package queryapi_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ttlog/ttlog/query"
	"github.com/ttlog/ttlog/queryapi"
)

// TestAnswer_SaysWhatIsIncomplete asks where the store does not catch up in
// time, and where it does: each call says so in its header, and JSON in its
// figures.
func TestAnswer_SaysWhatIsIncomplete(t *testing.T) {
	late := func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	for name, catchUp := range map[string]func(context.Context) error{
		"late": late, "in time": func(context.Context) error { return nil },
	} {
		srv, _ := serve(t, queryapi.Options{Query: query.Options{CatchUp: catchUp}})
		for _, c := range []struct {
			method, path, body string
			waits              bool
		}{
			{"POST", "/api/v1/query", "SELECT count(*) FROM spans", true},
			{"POST", "/api/v1/query", "SELECT count(*) FROM (SELECT body FROM logs)", true},
			{"POST", "/api/v1/query", "EXPLAIN ANALYZE SELECT name FROM spans", true},
			{"POST", "/api/v1/query", "EXPLAIN SELECT name FROM spans", false},
			{"POST", "/api/v1/query", "SELECT 1", false},
			{"GET", "/api/v1/services", "", true},
			{"GET", "/api/v1/operations", "", true},
			{"GET", "/api/v1/errors", "", true},
			{"GET", "/api/v1/traces/01020300000000000000000000000000", "", true},
			{"GET", "/api/v1/traces/01020300000000000000000000000000/columns", "", true},
			{"GET", "/api/v1/traces/01020300000000000000000000000001", "", true}, // which is not there
		} {
			incomplete := name == "late" && c.waits
			req, err := http.NewRequestWithContext(t.Context(), c.method, srv.URL+c.path, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			warnings, err := queryapi.ReadWarnings(resp)
			if err != nil {
				t.Fatal(err)
			}
			if said := len(warnings) == 1 && warnings[0] == query.Incomplete; said != incomplete {
				t.Errorf("%s: %s %s %s has the warnings %v", name, c.method, c.path, c.body, warnings)
			}
			if !strings.HasSuffix(c.path, "/query") {
				continue
			}
			var doc struct{ Stats struct{ Complete *bool } }
			if err := json.Unmarshal(body, &doc); err != nil || doc.Stats.Complete == nil || *doc.Stats.Complete == incomplete {
				t.Errorf("%s: %s: %s, error %v", name, c.body, body, err)
			}
		}
	}
}
