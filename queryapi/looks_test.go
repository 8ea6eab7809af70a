package queryapi_test

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ttlog/ttlog/internal/capturetest"
	"github.com/ttlog/ttlog/query"
	"github.com/ttlog/ttlog/queryapi"
	"github.com/ttlog/ttlog/storage"
)

// flat is a span of the capture as the naive computations have it.
type flat struct {
	trace, id, parent   string
	service, name, kind string
	start, duration     int64
	failed, root        bool
	attrs               map[string]any
	exceptions          []string // messages
}

// captured are a server over captured telemetry, and the same as plain values.
type captured struct {
	*httptest.Server
	spans  []flat
	bodies []string
	points []point
}

type point struct {
	name, mode, series string
	at                 int64
	value              float64
}

// capture returns a server over the first requests of each capture.
func capture(t *testing.T) *captured {
	t.Helper()
	s, err := storage.Open(filepath.Join(t.TempDir(), "data"), storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := &captured{}
	for _, of := range []struct {
		signal storage.Signal
		file   string
		limit  int
		take   func(t *testing.T, request []byte)
	}{
		{storage.Traces, "hotrod.traces.binpb.zst", 60, c.takeSpans},
		{storage.Logs, "loghub.logs.binpb.zst", 8, c.takeLogs},
		{storage.Metrics, "node.metrics.binpb.zst", 40, c.takePoints},
	} {
		for _, request := range capturetest.Messages(t, of.file, of.limit) {
			of.take(t, request)
			if _, err := s.Append(t.Context(), of.signal, request, 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	c.Server = httptest.NewServer(queryapi.New(queryapi.Options{
		Source: query.FromStore(s), Traces: s, Documents: filepath.Join(t.TempDir(), "ui"),
	}))
	t.Cleanup(func() {
		c.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func (c *captured) takeSpans(t *testing.T, request []byte) {
	td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(request)
	if err != nil {
		t.Fatal(err)
	}
	for _, rs := range td.ResourceSpans().All() {
		service, _ := rs.Resource().Attributes().Get("service.name")
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				f := flat{
					trace: s.TraceID().String(), id: s.SpanID().String(), parent: s.ParentSpanID().String(), root: s.ParentSpanID().IsEmpty(),
					service: service.AsString(), name: s.Name(), kind: strings.ToLower(s.Kind().String()),
					start: int64(s.StartTimestamp()), duration: int64(s.EndTimestamp() - s.StartTimestamp()),
					failed: s.Status().Code() == ptrace.StatusCodeError, attrs: s.Attributes().AsRaw(),
				}
				for _, e := range s.Events().All() {
					if m, ok := e.Attributes().Get("exception.message"); ok && e.Name() == "exception" {
						f.exceptions = append(f.exceptions, m.AsString())
					}
				}
				c.spans = append(c.spans, f)
			}
		}
	}
}

func (c *captured) takeLogs(t *testing.T, request []byte) {
	ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(request)
	if err != nil {
		t.Fatal(err)
	}
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				c.bodies = append(c.bodies, r.Body().AsString())
			}
		}
	}
}

func (c *captured) takePoints(t *testing.T, request []byte) {
	md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(request)
	if err != nil {
		t.Fatal(err)
	}
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				points := pmetric.NewNumberDataPointSlice()
				switch m.Type() {
				case pmetric.MetricTypeSum:
					points = m.Sum().DataPoints()
				case pmetric.MetricTypeGauge:
					points = m.Gauge().DataPoints()
				}
				for _, p := range points.All() {
					mode, _ := p.Attributes().AsRaw()["mode"].(string)
					series, _ := json.Marshal(p.Attributes().AsRaw())
					v := p.DoubleValue()
					if p.ValueType() == pmetric.NumberDataPointValueTypeInt {
						v = float64(p.IntValue())
					}
					c.points = append(c.points, point{m.Name(), mode, string(series), int64(p.Timestamp()), v})
				}
			}
		}
	}
}

// ask calls path with the parameters (name, value, …) and decodes the answer.
func ask[T any](t *testing.T, c *httptest.Server, path string, params ...string) (out T) {
	t.Helper()
	q := url.Values{}
	for i := 0; i+1 < len(params); i += 2 {
		q.Set(params[i], params[i+1])
	}
	status, _, body := call(t, "GET", c.URL+"/api/v1/"+path+"?"+q.Encode(), "")
	if status != http.StatusOK {
		t.Fatalf("%s %v: %d %s", path, params, status, body)
	}
	if err := json.Unmarshal([]byte(body), &out); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return out
}

type timed struct {
	From time.Time
	Step int64
}

// bucket returns the bucket of a time.
func (b timed) bucket(nanos int64) int { return int((nanos - b.From.UnixNano()) / b.Step) }

func entered(s flat) bool { return s.kind == "server" || s.kind == "consumer" || s.root }

// quantile is the smallest value that the share is not above.
func quantile(values []int64, q float64) int64 {
	slices.Sort(values)
	return values[max(int(math.Ceil(q*float64(len(values)))), 1)-1]
}

type redFigures struct {
	Requests, Errors int64
	P50, P95         *int64
	Rate, Error_Rate float64
	Entries          bool
	Series           struct {
		timed
		Requests, Errors []int64
		P95              []*int64
	}
}

// agrees compares with the naive figures of spans.
func (r redFigures) agrees(t *testing.T, name string, spans []flat) {
	t.Helper()
	var durations []int64
	var failed int64
	requests := make([]int64, len(r.Series.Requests))
	byBucket := make([][]int64, len(requests))
	for _, s := range spans {
		durations = append(durations, s.duration)
		i := r.Series.bucket(s.start)
		requests[i]++
		byBucket[i] = append(byBucket[i], s.duration)
		if s.failed {
			failed++
		}
	}
	if r.Requests != int64(len(spans)) || r.Errors != failed || *r.P50 != quantile(durations, 0.5) || *r.P95 != quantile(durations, 0.95) {
		t.Errorf("%s: got %+v, want %d, %d errors, p95 %d", name, r, len(spans), failed, quantile(durations, 0.95))
	}
	if !slices.Equal(r.Series.Requests, requests) {
		t.Errorf("%s: got %v, want %v", name, r.Series.Requests, requests)
	}
	for i, d := range byBucket {
		if got := r.Series.P95[i]; (got == nil) != (len(d) == 0) || got != nil && *got != quantile(d, 0.95) {
			t.Errorf("%s: bucket %d has the p95 %v", name, i, got)
		}
	}
}

// TestLooks_AgreeWithNaive asks for what captured telemetry is known to hold. The
// answers are compared with computations that look at one record after the other.
func TestLooks_AgreeWithNaive(t *testing.T) {
	c := capture(t)
	for name, test := range map[string]func(*testing.T, *captured){
		"red":           testRED,
		"histogram":     testHistogram,
		"heatmap":       testHeatmap,
		"facets":        testFacets,
		"compare":       testCompare,
		"graph":         testGraph,
		"trace columns": testTraceColumns,
		"patterns":      testPatterns,
		"issues":        testIssues,
		"series":        testSeries,
	} {
		t.Run(name, func(t *testing.T) { test(t, c) })
	}
}

// testRED compares the figures of services and operations with naive ones.
func testRED(t *testing.T, c *captured) {
	type service struct {
		Name  string
		Spans int64
		RED   *redFigures
	}
	for _, s := range ask[[]service](t, c.Server, "services", "buckets", "7") {
		all, spans := c.of(func(f flat) bool { return f.service == s.Name }), c.of(func(f flat) bool { return f.service == s.Name && entered(f) })
		if int(s.Spans) != len(all) || (s.RED == nil) != (len(all) == 0) {
			t.Errorf("%s: %d spans, want %d", s.Name, s.Spans, len(all))
		}
		if s.RED == nil {
			continue
		}
		if s.RED.Entries != (len(spans) > 0) {
			t.Errorf("%s: entries %v", s.Name, s.RED.Entries)
		}
		if len(spans) == 0 {
			spans = all
		}
		s.RED.agrees(t, s.Name, spans)
	}
	groups := ask[struct {
		Groups []struct {
			Key []string
			RED redFigures
		}
	}](t, c.Server, "red", "by", "name, kind", "limit", "3", "where", "duration > 1ms")
	if len(groups.Groups) != 3 {
		t.Fatalf("%d groups, want 3", len(groups.Groups))
	}
	for _, g := range groups.Groups {
		g.RED.agrees(t, g.Key[0], c.of(func(f flat) bool { return f.name == g.Key[0] && f.kind == g.Key[1] && f.duration > 1e6 }))
	}
}

func (c *captured) of(keep func(flat) bool) (out []flat) {
	for _, s := range c.spans {
		if keep(s) {
			out = append(out, s)
		}
	}
	return out
}

// testHistogram compares counts by bucket and value with naive ones.
func testHistogram(t *testing.T, c *captured) {
	h := ask[struct {
		timed
		Total  int64
		Series []struct {
			Value  any
			Other  bool
			Counts []int64
		}
	}](t, c.Server, "histogram", "by", "service", "limit", "2", "buckets", "9", "where", "kind != 'server'")
	named := map[string]bool{}
	for _, s := range h.Series {
		if !s.Other {
			named[s.Value.(string)] = true
		}
	}
	var total int64
	for _, s := range h.Series {
		want := make([]int64, len(s.Counts))
		for _, f := range c.spans {
			if f.kind != "server" && (f.service == s.Value || s.Other && !named[f.service]) {
				want[h.bucket(f.start)]++
				total++
			}
		}
		if !slices.Equal(s.Counts, want) {
			t.Errorf("%v: got %v, want %v", s.Value, s.Counts, want)
		}
	}
	if len(h.Series) != 3 || h.Total != total || total == 0 {
		t.Errorf("%d series of %d, want 3 of %d", len(h.Series), h.Total, total)
	}
}

// testHeatmap puts every span into its cell by the bounds of the answer.
func testHeatmap(t *testing.T, c *captured) {
	for _, levels := range []string{"5", "40"} {
		h := ask[struct {
			timed
			Total          int64
			Bounds         []int64
			Counts, Errors [][]int64
		}](t, c.Server, "heatmap", "levels", levels, "buckets", "4")
		if int(h.Total) != len(c.spans) || !slices.IsSorted(h.Bounds) {
			t.Fatalf("%d spans, want %d; bounds %v", h.Total, len(c.spans), h.Bounds)
		}
		for _, f := range c.spans {
			level := 0
			for level+1 < len(h.Bounds)-1 && h.Bounds[level+1] <= f.duration {
				level++
			}
			h.Counts[h.bucket(f.start)][level]--
			if f.failed {
				h.Errors[h.bucket(f.start)][level]--
			}
		}
		for i := range h.Counts {
			for level := range h.Counts[i] {
				if h.Counts[i][level] != 0 || h.Errors[i][level] != 0 {
					t.Errorf("%s levels: cell %d, %d is off by %d and %d", levels, i, level, h.Counts[i][level], h.Errors[i][level])
				}
			}
		}
	}
}

type counted struct {
	Value any
	Count int64
}

// testFacets compares values and their numbers with naive ones, asks for names
// and for values as completion does.
func testFacets(t *testing.T, c *captured) {
	count := func(of func(f flat) any) map[any]int64 {
		n := map[any]int64{}
		for _, f := range c.spans {
			if v := of(f); v != nil {
				n[v]++
			}
		}
		return n
	}
	agrees := func(key string, got []counted, want map[any]int64) {
		t.Helper()
		if len(got) != len(want) {
			t.Errorf("%s: got %v, want %v", key, got, want)
		}
		for i, v := range got {
			if f, ok := v.Value.(float64); ok {
				v.Value = int64(f)
			}
			if want[v.Value] != v.Count || i > 0 && got[i-1].Count < v.Count {
				t.Errorf("%s: got %v, want %v", key, got, want)
			}
		}
	}
	type facets struct {
		Total  int64
		Facets []struct {
			Key     string
			Present int64
			Values  []counted
		}
	}
	explicit := ask[facets](t, c.Server, "facets", "keys", "service,http.response.status_code,upper(name)", "limit", "100")
	for i, of := range []func(f flat) any{
		func(f flat) any { return f.service },
		func(f flat) any { return f.attrs["http.response.status_code"] },
		func(f flat) any { return strings.ToUpper(f.name) },
	} {
		agrees(explicit.Facets[i].Key, explicit.Facets[i].Values, count(of))
	}
	chosen := ask[facets](t, c.Server, "facets")
	has := map[string]bool{}
	for _, f := range chosen.Facets {
		has[f.Key] = true
		if f.Present == 0 && !slices.Contains([]string{"status_message", "scope_name"}, f.Key) {
			t.Errorf("no record has %s", f.Key)
		}
	}
	if !has["service"] || !has["http.route"] || !has["resource['host.name']"] || has["resource['service.name']"] || int(chosen.Total) != len(c.spans) {
		t.Errorf("%d records, facets %v", chosen.Total, has)
	}
	values := ask[struct{ Values []counted }](t, c.Server, "values", "key", "name", "prefix", "get")
	agrees("name", values.Values, count(func(f flat) any {
		if strings.HasPrefix(strings.ToLower(f.name), "get") {
			return f.name
		}
		return nil
	}))
	fields := ask[struct {
		Sampled float64
		Fields  []struct {
			Key, Place string
			Types      []string
			Count      *int64
		}
	}](t, c.Server, "fields", "where", "service = 'route'", "prefix", "http.", "limit", "1000")
	if len(fields.Fields) == 0 {
		t.Error("no field of route begins with http.")
	}
	for _, f := range fields.Fields {
		var want int64
		for _, s := range c.spans {
			if _, ok := s.attrs[f.Key]; ok && s.service == "route" {
				want++
			}
		}
		if f.Place != "record" || fields.Sampled == 1 && *f.Count != want {
			t.Errorf("%+v, want a record's, %d times", f, want)
		}
	}
}

// testCompare looks for what distinguishes spans with errors, and computes the
// score of one attribute by the textbook.
func testCompare(t *testing.T, c *captured) {
	got := ask[struct {
		Sampled        float64
		Selected, Rest int64
		Attributes     []struct {
			Key    string
			Score  float64
			Values []struct {
				Value          any
				Selected, Rest float64
			}
		}
	}](t, c.Server, "compare", "selection", "error", "against", "NOT error AND service = 'redis-manual'", "limit", "100", "where", "name != ''")
	p, q := map[string]float64{}, map[string]float64{}
	var n, m float64
	for _, f := range c.spans {
		if f.failed {
			p[f.service]++
			n++
		} else if f.service == "redis-manual" {
			q[f.service]++
			m++
		}
	}
	want := 0.0
	for _, s := range []string{"redis-manual", "frontend", "driver"} {
		a, b := p[s]/n, q[s]/m
		for _, x := range []float64{a, b} {
			if x > 0 {
				want += x / 2 * math.Log2(x/((a+b)/2))
			}
		}
	}
	if got.Sampled != 1 || got.Selected != int64(n) || got.Rest != int64(m) {
		t.Fatalf("got %v, want all %g and %g", got, n, m)
	}
	if got.Attributes[0].Key != "status" || got.Attributes[0].Score != 1 {
		t.Errorf("got %+v first, want the status, which is never the same", got.Attributes[0])
	}
	for _, a := range got.Attributes {
		if a.Key == "service" && math.Abs(a.Score-want) > 1e-6 {
			t.Errorf("service has the score %g, want %g", a.Score, want)
		}
		if strings.HasSuffix(a.Key, "_id") || a.Score < 0 || a.Score > 1.000001 {
			t.Errorf("%s has the score %g", a.Key, a.Score)
		}
	}
}

// testGraph joins spans with their parents the naive way.
func testGraph(t *testing.T, c *captured) {
	byID := map[string]flat{}
	for _, f := range c.spans {
		byID[f.trace+f.id] = f
	}
	type edge struct{ from, to string }
	want, durations, failed, unmatched := map[edge]int64{}, map[edge][]int64{}, map[edge]int64{}, int64(0)
	for _, f := range c.spans {
		p, ok := byID[f.trace+f.parent]
		switch e := (edge{p.service, f.service}); {
		case f.root:
		case !ok:
			unmatched++
		case p.service != f.service:
			want[e]++
			durations[e] = append(durations[e], f.duration)
			if f.failed {
				failed[e]++
			}
		}
	}
	g := ask[struct {
		Unmatched int64
		Nodes     []struct {
			Service, Kind string
			Spans         int
		}
		Edges []struct {
			From, To, Kind string
			Calls, Errors  int64
			P95            *int64
		}
	}](t, c.Server, "graph")
	if g.Unmatched != unmatched {
		t.Errorf("%d spans have no parent, want %d", g.Unmatched, unmatched)
	}
	for _, e := range g.Edges {
		k := edge{e.From, e.To}
		if e.Kind != "service" {
			continue
		}
		p95 := float64(quantile(durations[k], 0.95))
		if want[k] != e.Calls || failed[k] != e.Errors || math.Abs(float64(*e.P95)-p95) > 0.011*p95 {
			t.Errorf("got %+v (p95 %d), want %d calls, %d errors, p95 %g", e, *e.P95, want[k], failed[k], p95)
		}
		delete(want, k)
	}
	if len(want) > 0 {
		t.Errorf("no edges %v", want)
	}
	for _, n := range g.Nodes {
		if spans := c.of(func(f flat) bool { return f.service == n.Service }); n.Kind == "service" && n.Spans != len(spans) {
			t.Errorf("%s has %d spans, want %d", n.Service, n.Spans, len(spans))
		}
	}
	type near struct{ Edges []struct{ From, To string } }
	var callers, callees []string
	for _, e := range ask[near](t, c.Server, "graph", "service", "driver").Edges {
		switch "driver" {
		case e.To:
			callers = append(callers, e.From)
		case e.From:
			callees = append(callees, e.To)
		default:
			t.Errorf("%+v is not of driver", e)
		}
	}
	if !slices.Equal(callers, []string{"frontend"}) || !slices.Contains(callees, "redis-manual") {
		t.Errorf("driver is called by %v and calls %v", callers, callees)
	}
	details := ask[struct {
		Name       string
		RED        redFigures
		Operations []struct{ Name string }
	}](t, c.Server, "services/driver")
	details.RED.agrees(t, "driver", c.of(func(f flat) bool { return f.service == "driver" && entered(f) }))
	status, _, body := call(t, "GET", c.URL+"/api/v1/services/drivr", "")
	if status != http.StatusNotFound || !strings.Contains(body, "did you mean driver?") {
		t.Errorf("an unknown service: %d %s", status, body)
	}
}

// columns are the columns of a trace in JSON.
type columns struct {
	Rows            int
	Start           time.Time
	Services, Names []string
	Kinds, Statuses []string
	Columns         struct {
		SpanID                                                                          []string `json:"span_id"`
		Parent, Depth, Descendants, Start, Duration, Service, Name, Kind, Status, Flags []int64
	}
}

// testTraceColumns compares a trace with its spans, and both forms with each
// other.
func testTraceColumns(t *testing.T, c *captured) {
	trace := c.spans[len(c.spans)/2].trace
	spans := map[string]flat{}
	for _, f := range c.spans {
		if f.trace == trace {
			spans[f.id] = f
		}
	}
	got := ask[columns](t, c.Server, "traces/"+trace+"/columns")
	if got.Rows != len(spans) {
		t.Fatalf("%d rows, want %d", got.Rows, len(spans))
	}
	for row, id := range got.Columns.SpanID {
		f, ok := spans[id]
		col := got.Columns
		_, parentThere := spans[f.parent]
		if p := col.Parent[row]; !ok || (p < 0) == parentThere || p >= int64(row) || p >= 0 && col.SpanID[p] != f.parent {
			t.Errorf("row %d: parent %d", row, p)
		}
		if got.Start.UnixNano()+col.Start[row] != f.start || col.Duration[row] != f.duration ||
			got.Services[col.Service[row]] != f.service || got.Names[col.Name[row]] != f.name ||
			got.Kinds[col.Kind[row]] != f.kind || (got.Statuses[col.Status[row]] == "error") != f.failed ||
			(col.Flags[row]&128 != 0) != (len(f.exceptions) > 0) {
			t.Errorf("row %d: %+v", row, f)
		}
	}
	_, media, body := call(t, "GET", c.URL+"/api/v1/traces/"+trace+"/columns", "", "Accept", "application/vnd.ttlog.columns")
	if media != "application/vnd.ttlog.columns" || body[:8] != "ttcols1\n" {
		t.Fatalf("%s %q", media, body[:8])
	}
	size := int(binary.LittleEndian.Uint32([]byte(body[8:])))
	var head struct {
		Rows    int
		Columns []struct {
			Name, Type string
			Offset     int
		}
	}
	if err := json.Unmarshal([]byte(body[12:12+size]), &head); err != nil || (12+size)%8 != 0 || head.Rows != got.Rows {
		t.Fatalf("%v, %d, %d rows", err, 12+size, head.Rows)
	}
	want := map[string][]int64{
		"parent": got.Columns.Parent, "depth": got.Columns.Depth, "descendants": got.Columns.Descendants, "start": got.Columns.Start,
		"duration": got.Columns.Duration, "service": got.Columns.Service, "name": got.Columns.Name, "kind": got.Columns.Kind,
		"status": got.Columns.Status, "flags": got.Columns.Flags,
	}
	for _, col := range head.Columns {
		at := []byte(body[12+size+col.Offset:])
		if col.Offset%8 != 0 {
			t.Errorf("%s begins at %d", col.Name, col.Offset)
		}
		for row := range head.Rows {
			var v int64
			switch col.Type {
			case "id":
				if id := hex.EncodeToString(at[8*row : 8*row+8]); id != got.Columns.SpanID[row] {
					t.Errorf("row %d is %s", row, id)
				}
				continue
			case "float64":
				v = int64(math.Float64frombits(binary.LittleEndian.Uint64(at[8*row:])))
			case "int32":
				v = int64(int32(binary.LittleEndian.Uint32(at[4*row:])))
			case "uint32":
				v = int64(binary.LittleEndian.Uint32(at[4*row:]))
			case "uint16":
				v = int64(binary.LittleEndian.Uint16(at[2*row:]))
			case "uint8":
				v = int64(at[row])
			}
			if v != want[col.Name][row] {
				t.Errorf("%s of row %d is %d, want %d", col.Name, row, v, want[col.Name][row])
			}
		}
		delete(want, col.Name)
	}
	if len(want) > 0 {
		t.Errorf("no columns %v", want)
	}
	root := spans[got.Columns.SpanID[0]]
	one := ask[struct {
		Name               string
		Attributes         map[string]any
		Events             []map[string]any
		Links              []any
		Resource           map[string]any
		Duration           int64
		Service, Parent_ID string
	}](t, c.Server, "traces/"+trace+"/spans/"+root.id)
	if one.Name != root.name || one.Duration != root.duration || len(one.Attributes) != len(root.attrs) || len(one.Events) == 0 || one.Links == nil || one.Resource["service.name"] != root.service {
		t.Errorf("got %+v, want %+v", one, root)
	}
}

// testPatterns looks whether every log record is in one pattern, and whether the
// condition of each finds its records.
func testPatterns(t *testing.T, c *captured) {
	got := ask[struct {
		Total    int
		Sampled  float64
		Patterns []struct {
			Template, Condition string
			Count               int64
			Levels              map[string]int64
		}
	}](t, c.Server, "patterns", "limit", "1000")
	var sum int64
	for i, p := range got.Patterns {
		sum += p.Count
		var levels int64
		for _, n := range p.Levels {
			levels += n
		}
		if levels != p.Count {
			t.Errorf("%s: %v, want %d together", p.Template, p.Levels, p.Count)
		}
		if i < 20 {
			n := ask[struct{ Total int64 }](t, c.Server, "histogram", "signal", "logs", "where", p.Condition)
			if n.Total < p.Count {
				t.Errorf("%s finds %d records, want %d at least", p.Condition, n.Total, p.Count)
			}
		}
	}
	if got.Total != len(c.bodies) || int(sum) != got.Total || got.Sampled != 1 {
		t.Errorf("%d records, %d in patterns, want %d", got.Total, sum, len(c.bodies))
	}
}

// testIssues counts exceptions, resolves an issue, and sees it come back.
func testIssues(t *testing.T, c *captured) {
	type issue struct {
		ID, Type, Message, State string
		Count                    int
		Series                   []int
		Trace_ID                 string
		Resolved                 *struct{ Note string }
	}
	type answer struct{ Issues []issue }
	want := 0
	for _, f := range c.spans {
		want += len(f.exceptions)
	}
	find := func(params ...string) (of issue) {
		for _, i := range ask[answer](t, c.Server, "errors", append(params, "signal", "spans")...).Issues {
			if i.Type == "*errors.errorString" {
				return i
			}
		}
		return of
	}
	i := find()
	sum := 0
	for _, n := range i.Series {
		sum += n
	}
	if i.Count != want || sum != want || i.Message != "redis timeout" || i.State != "open" || len(i.Trace_ID) != 32 {
		t.Errorf("got %+v, want %d exceptions", i, want)
	}
	path := c.URL + "/api/v1/errors/" + i.ID + "/resolved"
	if status, _, body := call(t, "PUT", path, `{"note":"larger pool"}`, "Content-Type", "application/json"); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	// The capture is of the past or of the future of the clock here; its state says which.
	resolved := find()
	if resolved.Resolved == nil || resolved.Resolved.Note != "larger pool" || resolved.State == "open" {
		t.Errorf("got %+v, want it to be resolved", resolved)
	}
	if find("state", resolved.State).ID != i.ID || find("state", "open").ID != "" {
		t.Errorf("the state does not keep the issues that have it")
	}
	if status, _, _ := call(t, "DELETE", path, ""); status != http.StatusNoContent || find().State != "open" {
		t.Errorf("%d, and it is %s, want it open again", status, find().State)
	}
}

// testSeries compares rates of counters and averages of gauges with naive ones.
func testSeries(t *testing.T, c *captured) {
	type answer struct {
		timed
		Of     string
		Series []struct {
			Labels map[string]string
			Values []*float64
		}
	}
	increase := ask[answer](t, c.Server, "series", "metric", "node_cpu_seconds_total", "of", "increase", "by", "mode", "limit", "100", "buckets", "5")
	want := map[string][]float64{}
	last := map[string]float64{}
	for _, p := range c.points { // which are in the order of time
		if p.name != "node_cpu_seconds_total" {
			continue
		}
		if want[p.mode] == nil {
			want[p.mode] = make([]float64, len(increase.Series[0].Values))
		}
		if before, ok := last[p.series]; ok {
			want[p.mode][increase.bucket(p.at)] += p.value - before
		}
		last[p.series] = p.value
	}
	if len(increase.Series) != len(want) {
		t.Errorf("%d series, want %d", len(increase.Series), len(want))
	}
	for _, s := range increase.Series {
		for i, v := range s.Values {
			if w := want[s.Labels["mode"]][i]; v == nil || math.Abs(*v-w) > 1e-6 {
				t.Errorf("%v: bucket %d, want %g", s.Labels, i, w)
			}
		}
	}
	gauge := ask[answer](t, c.Server, "series", "metric", "go_goroutines", "of", "avg", "buckets", "1")
	var sum, n float64
	for _, p := range c.points {
		if p.name == "go_goroutines" {
			sum, n = sum+p.value, n+1
		}
	}
	total := 0.0
	for _, v := range gauge.Series[0].Values {
		if v != nil {
			total = *v
		}
	}
	if len(gauge.Series[0].Values) == 1 && math.Abs(total-sum/n) > 1e-9 {
		t.Errorf("an average of %g, want %g", total, sum/n)
	}
	names := map[string]bool{}
	for _, p := range c.points {
		names[p.name] = true
	}
	list := ask[[]struct {
		Name   string
		Points int
	}](t, c.Server, "metrics")
	if len(list) != len(names) {
		t.Errorf("%d metrics, want %d", len(list), len(names))
	}
	status, _, body := call(t, "GET", c.URL+"/api/v1/series?metric=go_gorutines", "")
	if status != http.StatusNotFound || !strings.Contains(body, "did you mean go_goroutines?") {
		t.Errorf("an unknown metric: %d %s", status, body)
	}
}

// TestLooks_Faults asks what cannot be answered.
func TestLooks_Faults(t *testing.T) {
	srv, _ := serve(t, queryapi.Options{})
	for path, want := range map[string]string{
		"histogram?wher=error":                               `unknown parameter \"wher\"; did you mean where?`,
		"histogram?where=name+%3D":                           `"parameter":"where","line":1,"column":7`,
		"histogram?where=true%0AAND+name+%3D":                `"parameter":"where","line":2,"column":11`,
		"histogram?where=true%0AAND+service":                 `"parameter":"where","line":2`,
		"histogram?where=true)+OR+(true":                     `"parameter":"where"`,
		"histogram?where=true+GROUP+BY+name":                 `"parameter":"where"`,
		"histogram?where=true+--":                            "",
		"histogram?where=%3Aq_from+IS+NULL":                  `"parameter":"where"`,
		"histogram?by=name+FROM+spans":                       `"parameter":"by"`,
		"histogram?by=count(*)":                              `"status":400`,
		"histogram?by=name,kind":                             `"parameter":"by"`,
		"histogram?by=name%3B":                               `"parameter":"by"`,
		"histogram?signal=span":                              "did you mean spans?",
		"histogram?from=yesterday":                           `"parameter":"from"`,
		"histogram?from=now&to=now-1h":                       `"parameter":"to"`,
		"histogram?from=1e300":                               `"parameter":"from"`,
		"histogram?from=now-x":                               `"parameter":"from"`,
		"histogram?from=now-":                                `"parameter":"from"`,
		"histogram?buckets=1001":                             `"parameter":"buckets"`,
		"histogram?from=1700-01-01&to=2262-01-01&buckets=9":  "",
		"histogram?from=1000-01-01":                          `"parameter":"from"`,
		"heatmap?levels=0":                                   `"parameter":"levels"`,
		"values":                                             `"parameter":"key"`,
		"values?key=name&prefix=%25'%5C_":                    "",
		"compare":                                            `"parameter":"selection"`,
		"compare?selection=nam+%3D":                          `"parameter":"selection"`,
		"series":                                             `"parameter":"metric"`,
		"context?timestamp=":                                 `"parameter":"timestamp"`,
		"traces/01/columns":                                  "32 hexadecimal digits",
		"traces/ff020300000000000000000000000001/columns":    `"status":404`,
		"traces/01020300000000000000000000000001/spans/0900": "16 hexadecimal digits",
		"traces/01020300000000000000000000000001/spans/0900000000000009": `"status":404`,
		"dashboards": `"status":404`,
	} {
		status, media, body := call(t, "GET", srv.URL+"/api/v1/"+path, "")
		if want == "" {
			if status != http.StatusOK {
				t.Errorf("%s: %d %s", path, status, body)
			}
			continue
		}
		if status < 400 || status >= 500 || media != "application/problem+json" || !strings.Contains(body, want) {
			t.Errorf("%s: got %d %s %s, want a problem that says %s", path, status, media, body, want)
		}
	}
	resp, err := http.Get(srv.URL + "/api/v1/histogram?where=true%0AAND+nam%3D'x'")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	warnings, err := queryapi.ReadWarnings(resp)
	if err != nil || len(warnings) != 1 || warnings[0].String() != "line 2, column 5: no row has nam; did you mean name?" {
		t.Errorf("got the warnings %v, %v", warnings, err)
	}
}

// TestDocuments_OverHTTP writes, reads and removes a dashboard, and tries what is
// refused.
func TestDocuments_OverHTTP(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ui")
	guard, err := queryapi.NewGuard(queryapi.GuardOptions{Origins: []string{"*"}})
	if err != nil {
		t.Fatal(err)
	}
	srv, _ := serve(t, queryapi.Options{Documents: dir, Guard: guard})
	at := srv.URL + "/api/v1/dashboards/mine"
	const doc = `{"title":"Mine","panels":[{"query":"SELECT 1"}],"own":{"a":[1]}}`
	asJSON := []string{"Content-Type", "application/json"}
	for _, c := range []struct {
		method, url, body string
		headers           []string
		want              int
	}{
		{"GET", at, "", nil, 404},
		{"PUT", at, doc, nil, 415},
		{"PUT", at, doc, []string{"Content-Type", "application/json", "Sec-Fetch-Site", "cross-site"}, 403},
		{"PUT", at, doc, []string{"Content-Type", "application/json", "Origin", "https://evil.example"}, 403},
		{"PUT", at, doc, []string{"Content-Type", "application/json", "Sec-Fetch-Site", "same-origin", "If-Match", "*"}, 412},
		{"PUT", at, doc, []string{"Content-Type", "application/json", "Sec-Fetch-Site", "same-origin", "If-None-Match", "*"}, 201},
		{"PUT", at, doc, []string{"Content-Type", "application/json", "If-None-Match", "*"}, 412},
		{"PUT", at, doc, asJSON, 200},
		{"PUT", at, `[]`, asJSON, 400},
		{"PUT", at, `null`, asJSON, 400},
		{"PUT", at, `{"title":""}`, asJSON, 400},
		{"PUT", at, `{"title":"x","panels":{}}`, asJSON, 400},
		{"PUT", at, `{"title":"x","panels":[{}]}`, asJSON, 400},
		{"PUT", at, `{"title":"` + strings.Repeat("x", 2<<20) + `"}`, asJSON, 413},
		{"PUT", srv.URL + "/api/v1/dashboards/..%2F..%2Fx", doc, asJSON, 400},
		{"PUT", srv.URL + "/api/v1/queries/q", `{"title":"x","query":"SELECT FROM"}`, asJSON, 400},
		{"PUT", srv.URL + "/api/v1/queries/q", `{"title":"x","query":"SELECT 1"}`, asJSON, 201},
		{"PUT", srv.URL + "/api/v1/errors/xyz/resolved", "", nil, 400},
		{"DELETE", srv.URL + "/api/v1/errors/0123456789abcdef/resolved", "", nil, 404},
		{"DELETE", at, "", []string{"Sec-Fetch-Site", "cross-site"}, 403},
	} {
		if status, _, body := call(t, c.method, c.url, c.body, c.headers...); status != c.want {
			t.Errorf("%s %s %.60s %v: got %d %s, want %d", c.method, c.url, c.body, c.headers, status, body, c.want)
		}
	}
	if _, _, body := call(t, "GET", at, ""); body != doc {
		t.Errorf("got %s, want what was written", body)
	}
	if _, _, body := call(t, "GET", srv.URL+"/api/v1/dashboards", ""); !strings.HasPrefix(body, `[{"id":"mine","title":"Mine"`) {
		t.Errorf("got %s", body)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil || len(files) != 2 {
		t.Errorf("the folder has %v, want the two documents", files)
	}
	if status, _, _ := call(t, "DELETE", at, ""); status != http.StatusNoContent {
		t.Errorf("got %d", status)
	}
}
