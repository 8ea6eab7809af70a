package query

import (
	"fmt"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage"
)

// stages calls check for a store at each stage of its rows' life: in memory,
// in a part, in a merged part (of twice is told that the rows are there twice),
// and opened again.
func stages(t *testing.T, fill func(s *storage.Store), check func(stage string, s *storage.Store, times int)) {
	t.Helper()
	dir := t.TempDir()
	open := func() *storage.Store {
		s, err := storage.Open(dir, storage.Options{NoBackgroundCompaction: true})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	s := open()
	fill(s)
	check("in memory", s, 1)
	do(s.Flush(t.Context()))
	check("flushed", s, 1)
	fill(s)
	check("flushed and in memory", s, 2)
	do(s.Flush(t.Context()))
	do(s.Compact(t.Context()))
	check("merged", s, 2)
	do(s.Close())
	s = open()
	check("opened again", s, 2)
	do(s.Close())
}

// put appends an OTLP JSON document to a store.
func put(t *testing.T, s *storage.Store, signal otlpwire.Signal, doc string) {
	t.Helper()
	var raw []byte
	var err error
	switch signal {
	case otlpwire.Traces:
		var d ptrace.Traces
		if d, err = (&ptrace.JSONUnmarshaler{}).UnmarshalTraces([]byte(doc)); err == nil {
			raw, err = (&ptrace.ProtoMarshaler{}).MarshalTraces(d)
		}
	case otlpwire.Logs:
		var d plog.Logs
		if d, err = (&plog.JSONUnmarshaler{}).UnmarshalLogs([]byte(doc)); err == nil {
			raw, err = (&plog.ProtoMarshaler{}).MarshalLogs(d)
		}
	default:
		var d pmetric.Metrics
		if d, err = (&pmetric.JSONUnmarshaler{}).UnmarshalMetrics([]byte(doc)); err == nil {
			raw, err = (&pmetric.ProtoMarshaler{}).MarshalMetrics(d)
		}
	}
	if err == nil {
		_, err = s.Append(t.Context(), signal, raw, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// ask runs a query of which all rows are alike, and returns one of them.
func ask(t *testing.T, s *storage.Store, sql string) string {
	t.Helper()
	r, err := New(FromStore(s), Options{}).Query(t.Context(), sql)
	if err != nil {
		return "error: " + err.Error()
	}
	rows := strings.Split(render(r), "\n")
	for _, row := range rows {
		if row != rows[0] {
			return render(r)
		}
	}
	return rows[0]
}

// again is attributes in which k comes three times, with two types, beside a
// map and an array of maps in which a key comes twice.
const again = `[{"key":"k","value":{"stringValue":"first"}},{"key":"k","value":{"intValue":"5"}},{"key":"other","value":{"boolValue":true}},
	{"key":"m","value":{"kvlistValue":{"values":[{"key":"a","value":{"intValue":"1"}},{"key":"a","value":{"intValue":"2"}}]}}},
	{"key":"l","value":{"arrayValue":{"values":[{"kvlistValue":{"values":[{"key":"b","value":{"intValue":"1"}},{"key":"b","value":{"stringValue":"x"}}]}}]}}},
	{"key":"k","value":{"stringValue":"last"}}]`

const (
	onceJSON = `{"k":"last","l":[{"b":"x"}],"m":{"a":2},"other":true}`
	// onceInOrder is the same as the store writes it inside of events and links.
	onceInOrder = `{"other":true,"m":{"a":2},"l":[{"b":"x"}],"k":"last"}`
)

func shells(records string) string {
	group := `{"resource":{"attributes":` + again + `},"scope%s":[{"scope":{"name":"lib","attributes":` + again + `},` + records + `}]}`
	return group
}

// TestKeys_RepeatedIsOneValue sends records in which keys come several times,
// and asks for them in every way there is.
func TestKeys_RepeatedIsOneValue(t *testing.T) {
	const at = `"1700000000000000000"`
	docs := map[otlpwire.Signal]string{
		otlpwire.Traces: `{"resourceSpans":[` + fmt.Sprintf(shells(`"spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","name":"x",
			"startTimeUnixNano":`+at+`,"endTimeUnixNano":`+at+`,"attributes":`+again+`,"events":[{"timeUnixNano":`+at+`,"attributes":`+again+`}],
			"links":[{"attributes":`+again+`}]}]`), "Spans") + `]}`,
		otlpwire.Logs: `{"resourceLogs":[` + fmt.Sprintf(shells(`"logRecords":[{"timeUnixNano":`+at+`,"attributes":`+again+`,
			"body":{"kvlistValue":{"values":`+again+`}}}]`), "Logs") + `]}`,
		otlpwire.Metrics: `{"resourceMetrics":[` + fmt.Sprintf(shells(`"metrics":[{"name":"n","metadata":`+again+`,"gauge":{"dataPoints":[{"timeUnixNano":`+at+`,"asInt":"1","attributes":`+again+`,
			"exemplars":[{"timeUnixNano":`+at+`,"asInt":"1","filteredAttributes":`+again+`}]}]}}]`), "Metrics") + `]}`,
	}
	for signal, table := range map[otlpwire.Signal]string{otlpwire.Traces: "spans", otlpwire.Logs: "logs", otlpwire.Metrics: "metrics"} {
		t.Run(table, func(t *testing.T) {
			stages(t, func(s *storage.Store) { put(t, s, signal, docs[signal]) }, func(stage string, s *storage.Store, times int) {
				f := func(sql, want string) {
					t.Helper()
					sql = strings.ReplaceAll(sql, "TABLE", table)
					if got := ask(t, s, sql); got != want {
						t.Errorf("%s: %s: got %s, want %s", stage, sql, got, want)
					}
				}
				f("SELECT attributes, resource, scope FROM TABLE", onceJSON+"|"+onceJSON+"|"+onceJSON)
				f("SELECT attributes['k'], k, resource['k'], scope['k'], m, typeof(k) FROM TABLE", `last|last|last|last|{"a":2}|string`)
				f("SELECT count(*) FROM TABLE WHERE attributes['k'] = 'first' OR attributes['k'] = 5 OR resource['k'] = 5", "0")
				f("SELECT count(*) FROM TABLE WHERE k = 'last' AND resource['k'] = 'last'", fmt.Sprint(times))
				f("SELECT attributes['k'], count(*) FROM TABLE GROUP BY attributes['k']", fmt.Sprintf("last|%d", times))
				switch signal {
				case otlpwire.Traces:
					f("SELECT events, links FROM spans", `[{"time":"2023-11-14T22:13:20Z","attributes":`+onceInOrder+`}]|[{"attributes":`+onceInOrder+`}]`)
				case otlpwire.Logs:
					f("SELECT body FROM logs", onceInOrder)
				default:
					f("SELECT exemplars FROM metrics", `[{"time":"2023-11-14T22:13:20Z","value":1,"attributes":`+onceInOrder+`}]`)
				}
				if signal == otlpwire.Traces {
					wantOnce(t, s)
				}
			})
		})
	}
}

// wantOnce reads the trace as OTLP.
func wantOnce(t *testing.T, s *storage.Store) {
	t.Helper()
	raw, err := s.Trace(t.Context(), [16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
	if err != nil {
		t.Fatal(err)
	}
	td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(raw)
	if err != nil {
		t.Fatal(err)
	}
	f := func(what string, m pcommon.Map) {
		t.Helper()
		k, _ := m.Get("k")
		if inner, _ := m.Get("m"); m.Len() != 4 || k.Str() != "last" || inner.Map().Len() != 1 {
			t.Errorf("%s of the trace: %v", what, m.AsRaw())
		}
	}
	for _, rs := range td.ResourceSpans().All() {
		f("resource", rs.Resource().Attributes())
		f("scope", rs.ScopeSpans().At(0).Scope().Attributes())
		for _, sp := range rs.ScopeSpans().At(0).Spans().All() {
			f("span", sp.Attributes())
			f("event", sp.Events().At(0).Attributes())
			f("link", sp.Links().At(0).Attributes())
		}
	}
}

// TestKeys_ManyOfOneServiceHideNoOthers gives one service thousands of keys,
// which come first and sort first, and reads the few of another.
func TestKeys_ManyOfOneServiceHideNoOthers(t *testing.T) {
	const perRow, wideRows, shopRows = 100, 200, 50 // 20,000 keys
	long := strings.Repeat("long.", 120) + "key"
	doc := func(service string, rows int, attrs func(row, k int) string, n int) string {
		var spans []string
		for row := range rows {
			var list []string
			for k := range n {
				list = append(list, attrs(row, k))
			}
			spans = append(spans, fmt.Sprintf(`{"traceId":"%032x","spanId":"%016x","name":"x","startTimeUnixNano":"1700000000000000000",
				"endTimeUnixNano":"1700000000000000001","attributes":[%s]}`, 1+row+len(service)<<16, 1+row, strings.Join(list, ",")))
		}
		return fmt.Sprintf(`{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":%q}},
			{"key":"pod.%s","value":{"stringValue":"p"}}]},"scopeSpans":[{"spans":[%s]}]}]}`, service, service, strings.Join(spans, ","))
	}
	wide := func(row, k int) string {
		return fmt.Sprintf(`{"key":"wide.%d","value":{"intValue":"%d"}}`, row*perRow+k, k)
	}
	shop := func(row, k int) string {
		return []string{
			fmt.Sprintf(`{"key":"order.no","value":{"intValue":"%d"}}`, row),
			`{"key":"state","value":{"stringValue":"paid"}}`,
			fmt.Sprintf(`{"key":%q,"value":{"stringValue":"found"}}`, long),
			fmt.Sprintf(`{"key":"cart.%d","value":{"stringValue":"c"}}`, row),
		}[k]
	}
	fill := func(s *storage.Store) {
		put(t, s, otlpwire.Traces, doc("a-wide", wideRows, wide, perRow))
		put(t, s, otlpwire.Traces, doc("shop", shopRows, shop, 4))
	}
	stages(t, fill, func(stage string, s *storage.Store, times int) {
		f := func(sql, want string) {
			t.Helper()
			if got := ask(t, s, sql); got != want {
				t.Errorf("%s: %s: got %s, want %s", stage, clip(sql), clip(got), clip(want))
			}
		}
		f("SELECT attributes FROM spans WHERE order.no = 7", `{"cart.7":"c","`+long+`":"found","order.no":7,"state":"paid"}`)
		f("SELECT attributes['order.no'], attributes['cart.7'], state FROM spans WHERE cart.7 IS NOT NULL", "7|c|paid")
		f("SELECT state, count(*), sum(order.no) FROM spans WHERE service = 'shop' GROUP BY state", fmt.Sprintf("paid|%d|%d", times*shopRows, times*shopRows*(shopRows-1)/2))
		f("SELECT count(*) FROM spans WHERE attributes['"+long+"'] = 'found'", fmt.Sprint(times*shopRows))
		f("SELECT wide.19999, attributes['wide.19900'] FROM spans WHERE wide.19999 = 99", "99|0")
		f("SELECT count(*) FROM spans WHERE wide.0 = 0 AND wide.99 = 99", fmt.Sprint(times))
		f("SELECT resource['pod.shop'], resource['pod.a-wide'] FROM spans WHERE order.no = 1", "p|NULL")
		f("SELECT service, count(*) FROM spans GROUP BY service ORDER BY service LIMIT 1", fmt.Sprintf("a-wide|%d", times*wideRows))
		f("SELECT length(attributes) FROM spans WHERE wide.300 = 0", fmt.Sprint(len(`{}`)+perRow*len(`"wide.300":0,`)-1+90)) // 90 values of two digits
		raw, err := s.Trace(t.Context(), [16]byte{13: 4, 15: 8})                                                             // the shop's row 7
		if err != nil {
			t.Fatal(err)
		}
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().Len(); got != 4 {
			t.Errorf("%s: the trace has %d attributes, want 4", stage, got)
		}
	})
}
