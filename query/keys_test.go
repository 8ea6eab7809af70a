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
	"github.com/ttlog/ttlog/query/types"
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

// records makes a document of records of a service that have the given
// attributes.
func records(signal otlpwire.Signal, service string, rows int, attrs func(row int) []string) string {
	const at = `"1700000000000000000"`
	var list []string
	for row := range rows {
		a := `"attributes":[` + strings.Join(attrs(row), ",") + `]`
		switch signal {
		case otlpwire.Traces:
			list = append(list, fmt.Sprintf(`{"traceId":"%032x","spanId":"%016x","startTimeUnixNano":%s,"endTimeUnixNano":%s,%s}`, 1+row+len(service)<<16, 1+row, at, at, a))
		case otlpwire.Logs:
			list = append(list, fmt.Sprintf(`{"timeUnixNano":%s,"body":{"stringValue":"x"},%s}`, at, a))
		default:
			list = append(list, fmt.Sprintf(`{"timeUnixNano":%s,"asInt":"1",%s}`, at, a))
		}
	}
	body := strings.Join(list, ",")
	group, scope, field := "resourceSpans", "scopeSpans", `"spans":[`+body+`]`
	switch signal {
	case otlpwire.Logs:
		group, scope, field = "resourceLogs", "scopeLogs", `"logRecords":[`+body+`]`
	case otlpwire.Metrics:
		group, scope, field = "resourceMetrics", "scopeMetrics", `"metrics":[{"name":"n","gauge":{"dataPoints":[`+body+`]}}]`
	}
	return fmt.Sprintf(`{%q:[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":%q}},{"key":"pod.%s","value":{"stringValue":"p"}}]},
		%q:[{"scope":{"attributes":[{"key":"lib.%s","value":{"boolValue":true}}]},%s}]}]}`, group, service, service, scope, service, field)
}

// numbered makes n attributes of integers, whose keys go on from row to row.
func numbered(prefix string, n int) func(row int) []string {
	return func(row int) (out []string) {
		for k := range n {
			out = append(out, fmt.Sprintf(`{"key":"%s%d","value":{"intValue":"%d"}}`, prefix, row*n+k, k))
		}
		return out
	}
}

// TestKeys_ManyOfOneServiceHideNoOthers gives a service thousands of keys, which
// come first and sort first, and reads the few of another.
func TestKeys_ManyOfOneServiceHideNoOthers(t *testing.T) {
	const perRow, wideRows, shopRows = 100, 200, 50 // 20,000 keys
	long := strings.Repeat("long.", 120) + "key"
	shop := func(row int) []string {
		return []string{
			fmt.Sprintf(`{"key":"order.no","value":{"intValue":"%d"}}`, row),
			`{"key":"state","value":{"stringValue":"paid"}}`,
			fmt.Sprintf(`{"key":%q,"value":{"stringValue":"found"}}`, long),
			fmt.Sprintf(`{"key":"cart.%d","value":{"stringValue":"c"}}`, row),
		}
	}
	for signal, table := range map[otlpwire.Signal]string{otlpwire.Traces: "spans", otlpwire.Logs: "logs", otlpwire.Metrics: "metrics"} {
		t.Run(table, func(t *testing.T) {
			fill := func(s *storage.Store) {
				put(t, s, signal, records(signal, "a-wide", wideRows, numbered("wide.", perRow)))
				put(t, s, signal, records(signal, "shop", shopRows, shop))
			}
			stages(t, fill, func(stage string, s *storage.Store, times int) {
				f := func(sql, want string) {
					t.Helper()
					sql = strings.ReplaceAll(sql, "TABLE", table)
					if got := ask(t, s, sql); got != want {
						t.Errorf("%s: %s: got %s, want %s", stage, types.Clip(sql), types.Clip(got), types.Clip(want))
					}
				}
				f("SELECT attributes FROM TABLE WHERE order.no = 7", `{"cart.7":"c","`+long+`":"found","order.no":7,"state":"paid"}`)
				f("SELECT attributes['order.no'], attributes['cart.7'], state FROM TABLE WHERE cart.7 IS NOT NULL", "7|c|paid")
				f("SELECT state, count(*), sum(order.no) FROM TABLE WHERE service = 'shop' GROUP BY state",
					fmt.Sprintf("paid|%d|%d", times*shopRows, times*shopRows*(shopRows-1)/2))
				f("SELECT count(*) FROM TABLE WHERE attributes['"+long+"'] = 'found'", fmt.Sprint(times*shopRows))
				f("SELECT wide.19999, attributes['wide.19900'] FROM TABLE WHERE wide.19999 = 99", "99|0")
				f("SELECT count(*) FROM TABLE WHERE wide.0 = 0 AND wide.99 = 99", fmt.Sprint(times))
				f("SELECT resource['pod.shop'], resource['pod.a-wide'], scope['lib.shop'] FROM TABLE WHERE order.no = 1", "p|NULL|true")
				f("SELECT service, count(*) FROM TABLE GROUP BY service ORDER BY service LIMIT 1", fmt.Sprintf("a-wide|%d", times*wideRows))
				f("SELECT length(attributes) FROM TABLE WHERE wide.300 = 0", fmt.Sprint(len(`{}`)+perRow*len(`"wide.300":0,`)-1+90)) // 90 values have two digits
				if signal == otlpwire.Traces {
					wantAttributes(t, s, 7, 4)
				}
			})
		})
	}
}

// wantAttributes reads the trace of one of the shop's rows as OTLP.
func wantAttributes(t *testing.T, s *storage.Store, row, want int) {
	t.Helper()
	raw, err := s.Trace(t.Context(), [16]byte{13: byte(len("shop")), 15: byte(1 + row)})
	if err != nil {
		t.Fatal(err)
	}
	td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(raw)
	if err != nil {
		t.Fatal(err)
	}
	if got := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().Len(); got != want {
		t.Errorf("the trace has %d attributes, want %d", got, want)
	}
}

// TestKeys_FoundBeyondTheList has more keys than are listed, and asks for one
// that is not.
func TestKeys_FoundBeyondTheList(t *testing.T) {
	fill := func(s *storage.Store) {
		put(t, s, otlpwire.Logs, records(otlpwire.Logs, "a", 330, numbered("a.", 200)))
		put(t, s, otlpwire.Logs, records(otlpwire.Logs, "z", 3, func(row int) []string {
			return []string{fmt.Sprintf(`{"key":"zz.no","value":{"intValue":"%d"}}`, row), `{"key":"zz","value":{"stringValue":"last"}}`}
		}))
	}
	stages(t, fill, func(stage string, s *storage.Store, times int) {
		f := func(sql, want string) {
			t.Helper()
			if got := ask(t, s, sql); got != want {
				t.Errorf("%s: %s: got %s, want %s", stage, sql, types.Clip(got), types.Clip(want))
			}
		}
		f("SELECT zz, attributes['zz.no'] FROM logs WHERE zz.no = 2", "last|2")
		f("SELECT l.zz.no, count(*) FROM logs AS l WHERE l.zz = 'last' GROUP BY l.zz.no ORDER BY 1 LIMIT 1", fmt.Sprintf("0|%d", times))
		f("SELECT attributes FROM logs WHERE zz.no = 1", `{"zz":"last","zz.no":1}`)
		f("SELECT max(n) FROM (SELECT zz.no AS n FROM logs WHERE resource['pod.z'] = 'p')", "2")
		f("SELECT count(*) FROM logs WHERE a.65999 = 199", fmt.Sprint(times))
	})
}
