package queryapi_test

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/ttlog/ttlog/queryapi"
	"github.com/ttlog/ttlog/storage"
)

// media are the forms of an answer; that of Arrow is tested with its package.
var media = []string{"application/json", "application/x-ndjson", "text/csv"}

// table asks for an answer of one row in a form, and returns the header, the
// names of the columns and the row as text.
func table(t *testing.T, url, accept, body string) (header http.Header, names, row []string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", accept)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v", body, queryapi.ReadProblem(resp))
	}
	text := func(v any) string {
		if s, ok := v.(string); ok {
			return s
		}
		raw, _ := json.Marshal(v)
		return string(raw)
	}
	switch accept {
	case "application/json":
		var doc struct {
			Columns []struct{ Name string }
			Rows    [][]any
		}
		if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil || len(doc.Rows) != 1 {
			t.Fatalf("%s: %v, %v", body, doc, err)
		}
		for i, c := range doc.Columns {
			names, row = append(names, c.Name), append(row, text(doc.Rows[0][i]))
		}
	case "application/x-ndjson":
		d := json.NewDecoder(resp.Body)
		if _, err := d.Token(); err != nil {
			t.Fatal(err)
		}
		for d.More() {
			var v any
			key, err := d.Token()
			if err == nil {
				err = d.Decode(&v)
			}
			if err != nil {
				t.Fatal(err)
			}
			names, row = append(names, key.(string)), append(row, text(v))
		}
	case "text/csv":
		lines, err := csv.NewReader(resp.Body).ReadAll()
		if err != nil || len(lines) != 2 {
			t.Fatalf("%s: %v, %v", body, lines, err)
		}
		names, row = lines[0], lines[1]
	}
	return resp.Header, names, row
}

// TestAnswer_InEveryForm asks for what the forms of an answer could lose or
// write in different ways: names that repeat, values that are no numbers in
// JSON, a time in a zone, and lists of parameters.
func TestAnswer_InEveryForm(t *testing.T) {
	srv, _ := serve(t, queryapi.Options{})
	for _, c := range []struct{ body, names, row string }{
		{`{"query":"SELECT name, kind, name, upper(name) AS name FROM spans WHERE name IN (:names) AND name NOT IN (:none)","params":{"names":["POST /orders","x"],"none":[]}}`, "name|kind|name_2|name_3", "POST /orders|server|POST /orders|POST /ORDERS"},
		{`{"query":"SELECT * FROM (SELECT name, service AS name FROM spans WHERE name = $1 LIMIT 1)","params":["GET /"]}`, "name|name_2", "GET /|shop"},
		{`{"query":"SELECT 'Infinity'::float AS a, -'inf'::float AS b, 'nan'::float AS c, p99(x) AS d FROM (SELECT 'Infinity'::float AS x FROM spans)"}`, "a|b|c|d", "Infinity|-Infinity|NaN|Infinity"},
		{`{"query":"SELECT min(timestamp) AS t, date_trunc('day', min(timestamp)) AS d, min(timestamp) AT TIME ZONE 'Asia/Tokyo' AS j FROM spans WHERE timestamp >= '2026-01-02 16:04:05'","tz":"Europe/Berlin"}`, "t|d|j", "2026-01-02T16:04:05.000000006+01:00|2026-01-02T00:00:00.000000000+01:00|2026-01-03T00:04:05.000000006+09:00"},
	} {
		for _, accept := range media {
			_, names, row := table(t, srv.URL+"/api/v1/query", accept, c.body)
			if got := strings.Join(names, "|"); got != c.names {
				t.Errorf("%s: %s\ngot names %s, want %s", accept, c.body, got, c.names)
			}
			if got := strings.Join(row, "|"); got != c.row {
				t.Errorf("%s: %s\ngot row %s, want %s", accept, c.body, got, c.row)
			}
		}
	}
	for _, accept := range media {
		_, _, row := table(t, srv.URL+"/api/v1/query?tz=%2B05:30", accept, `{"query":"SELECT max(timestamp) FROM spans"}`)
		if want := "2026-01-02T20:34:07.000000006+05:30"; len(row) != 1 || row[0] != want {
			t.Errorf("%s: tz in the URL: got %s, want %s", accept, row, want)
		}
	}
	status, _, body := call(t, "POST", srv.URL+"/api/v1/query", `{"query":"SELECT 1","tz":"Mars/Olympus"}`, "Content-Type", "application/json")
	if status != http.StatusBadRequest || !strings.Contains(body, `\"Mars/Olympus\" is no time zone`) {
		t.Errorf("an unknown zone: got %d %s", status, body)
	}
}

// TestAnswer_Warnings asks for names that nobody has sent: an answer, and a
// header that says so in every form.
func TestAnswer_Warnings(t *testing.T) {
	srv, _ := serve(t, queryapi.Options{})
	const sql = "SELECT any(nam), any(größe) AS g,\n any(\"😀\") AS h, count(*) AS n FROM spans WHERE http.respons.status_code IS NULL"
	body, _ := json.Marshal(map[string]string{"query": sql})
	for _, accept := range media {
		header, _, row := table(t, srv.URL+"/api/v1/query", accept, string(body))
		if row[3] != "3" {
			t.Errorf("%s: got row %s", accept, row)
		}
		if text := header.Get("Ttlog-Warnings"); strings.ContainsFunc(text, func(r rune) bool { return r >= 0x80 || r < ' ' }) {
			t.Errorf("%s: the header is not ASCII: %q", accept, text)
		}
		warnings, err := queryapi.ReadWarnings(&http.Response{Header: header})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, w := range warnings {
			got = append(got, w.String())
		}
		want := []string{
			"line 1, column 12: no row has nam; did you mean name?", "line 1, column 22: no row has größe",
			"line 2, column 6: no row has 😀; a string stands in single quotes",
			"line 2, column 48: no row has http.respons.status_code; did you mean http.response.status_code?",
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: got warnings\n%s\nwant\n%s", accept, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	_, _, doc := call(t, "POST", srv.URL+"/api/v1/query", "SELECT nam FROM spans LIMIT 1")
	if want := `"rows":[[null]],"warnings":[{"line":1,"column":8,"message":"no row has nam; did you mean name?"}],"stats":`; !strings.Contains(doc, want) {
		t.Errorf("got %s, want it to hold %s", doc, want)
	}
	header, _, _ := table(t, srv.URL+"/api/v1/query", media[1], `{"query":"SELECT name FROM spans LIMIT 1"}`)
	if header.Get("Ttlog-Warnings") != "" {
		t.Errorf("a query without faults has the warnings %s", header.Get("Ttlog-Warnings"))
	}
}

// TestTail_WaitsForAName listens for an attribute that nobody has sent: a
// warning, and rows as soon as somebody does, whatever its type before.
func TestTail_WaitsForAName(t *testing.T) {
	srv, hub := serve(t, queryapi.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL+"/api/v1/tail?where=true%0AAND+shop.itens+%2B+1+%3E+3&tz=Asia/Tokyo&level=SEVERITY_NUMBER_WARN", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatal(queryapi.ReadProblem(resp))
	}
	lines := bufio.NewReader(resp.Body)
	next := func() string {
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, ":") {
				return line
			}
		}
	}
	if got := next() + " " + next(); got != `event: warning data: {"line":2,"column":5,"message":"no row has shop.itens; did you mean shop.items?"}` {
		t.Errorf("got %s, want a warning", got)
	}
	send := func(body string, v any) {
		ld := plog.NewLogs()
		r := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		r.SetTimestamp(1_700_000_000e9)
		r.SetSeverityNumber(plog.SeverityNumberError)
		r.Body().SetStr(body)
		if err := r.Attributes().PutEmpty("shop.itens").FromRaw(v); err != nil {
			t.Fatal(err)
		}
		raw, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
		if err != nil {
			t.Fatal(err)
		}
		hub.Publish(storage.Logs, raw)
	}
	send("text", "seven")
	send("few", int64(1))
	send("many", int64(7))
	if got := next() + next(); !strings.Contains(got, `"timestamp":"2023-11-15T07:13:20.000000000+09:00"`) || !strings.Contains(got, `"body":"many"`) {
		t.Errorf("got %s, want the row with many", got)
	}
}
