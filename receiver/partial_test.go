package receiver_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/receiver"
)

// mixed returns a request of each signal with one record that is kept, and three
// that are not: one of another century, one older than a day, one that nests too
// deep. The one that is kept has text that is no UTF-8.
func mixed() map[otlpwire.Signal]message {
	td, ld, md := ptrace.NewTraces(), plog.NewLogs(), pmetric.NewMetrics()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	logs := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	points := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty().SetEmptyGauge().DataPoints()
	now := pcommon.NewTimestampFromTime(time.Now())
	for i, at := range []pcommon.Timestamp{now, 1 << 63, pcommon.NewTimestampFromTime(time.Now().AddDate(0, 0, -2)), now} {
		var all []pcommon.Map
		sp := spans.AppendEmpty()
		sp.SetStartTimestamp(at)
		l := logs.AppendEmpty()
		l.SetTimestamp(at)
		p := points.AppendEmpty()
		p.SetTimestamp(at)
		for _, m := range append(all, sp.Attributes(), l.Attributes(), p.Attributes()) {
			m.PutStr("text", "wrong \xff")
			if i == 3 {
				v := m.PutEmpty("deep")
				for range otlpwire.MaxDepth + 1 {
					v = v.SetEmptySlice().AppendEmpty()
				}
			}
		}
	}
	return map[otlpwire.Signal]message{
		otlpwire.Traces:  ptraceotlp.NewExportRequestFromTraces(td),
		otlpwire.Logs:    plogotlp.NewExportRequestFromLogs(ld),
		otlpwire.Metrics: pmetricotlp.NewExportRequestFromMetrics(md),
	}
}

// checkPartial checks what a client was told, and what was stored and counted.
func (f *fixture) checkPartial(t *testing.T, s otlpwire.Signal, over receiver.Transport, rejected int64, text string) {
	t.Helper()
	if rejected != 3 {
		t.Errorf("%s: %d records rejected, want 3", s, rejected)
	}
	for _, want := range []string{"1: a time after 2262", "1: older than the retention, first resource_" + s.String()[:3], "1: a value within more than 64"} {
		if !strings.Contains(strings.ReplaceAll(text, "resource_spans", "resource_tra"), want) {
			t.Errorf("%s: text %q lacks %q", s, text, want)
		}
	}
	got := f.stored()
	if len(got) != 1 || !bytes.Contains(got[0].data, []byte("wrong \uFFFD")) {
		t.Fatalf("%s: stored %q", s, got)
	}
	if n, err := otlpwire.Validate(s, got[0].data); err != nil || n.Records != 1 {
		t.Errorf("%s: stored %+v, %v", s, n, err)
	}
	st := f.stats(s, over)
	if st.Records != 1 || st.Mended != 1 || st.Rejected["too_deep"] != 1 || st.Rejected["too_old"] != 1 || st.Rejected["time_out_of_range"] != 1 || sum(st.Refused) != 0 {
		t.Errorf("%s: stats %+v", s, st)
	}
}

func TestPartialSuccess_HTTP(t *testing.T) {
	for s, m := range mixed() {
		f := newFixture(t, 1<<20, receiver.Options{Retention: 24 * time.Hour})
		resp, answer := f.post(t, "/v1/"+s.String(), protobuf, "", proto(t, m))
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %s", s, resp.Status, answer)
		}
		var rejected int64
		var text string
		switch s {
		case otlpwire.Traces:
			r := ptraceotlp.NewExportResponse()
			if err := r.UnmarshalProto(answer); err != nil {
				t.Fatal(err)
			}
			rejected, text = r.PartialSuccess().RejectedSpans(), r.PartialSuccess().ErrorMessage()
		case otlpwire.Logs:
			r := plogotlp.NewExportResponse()
			if err := r.UnmarshalProto(answer); err != nil {
				t.Fatal(err)
			}
			rejected, text = r.PartialSuccess().RejectedLogRecords(), r.PartialSuccess().ErrorMessage()
		default:
			r := pmetricotlp.NewExportResponse()
			if err := r.UnmarshalProto(answer); err != nil {
				t.Fatal(err)
			}
			rejected, text = r.PartialSuccess().RejectedDataPoints(), r.PartialSuccess().ErrorMessage()
		}
		f.checkPartial(t, s, receiver.HTTP, rejected, text)
	}
}

func TestPartialSuccess_JSON(t *testing.T) {
	for s, m := range mixed() {
		f := newFixture(t, 1<<20, receiver.Options{Retention: 24 * time.Hour})
		body, err := m.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		resp, answer := f.post(t, "/v1/"+s.String(), jsonType, "", body)
		var r struct {
			PartialSuccess struct {
				RejectedSpans, RejectedLogRecords, RejectedDataPoints int64 `json:",string"`
				ErrorMessage                                          string
			}
		}
		if err := json.Unmarshal(answer, &r); err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %s: %v", s, resp.Status, answer, err)
		}
		p := r.PartialSuccess
		f.checkPartial(t, s, receiver.HTTP, p.RejectedSpans+p.RejectedLogRecords+p.RejectedDataPoints, p.ErrorMessage)
	}
}

func TestPartialSuccess_GRPC(t *testing.T) {
	m := mixed()
	f := newFixture(t, 1<<20, receiver.Options{Retention: 24 * time.Hour})
	conn := dial(t, f.grpc)
	td, err := ptraceotlp.NewGRPCClient(conn).Export(t.Context(), m[otlpwire.Traces].(ptraceotlp.ExportRequest))
	if err != nil {
		t.Fatal(err)
	}
	f.checkPartial(t, otlpwire.Traces, receiver.GRPC, td.PartialSuccess().RejectedSpans(), td.PartialSuccess().ErrorMessage())
	ld, err := plogotlp.NewGRPCClient(conn).Export(t.Context(), m[otlpwire.Logs].(plogotlp.ExportRequest))
	if err != nil {
		t.Fatal(err)
	}
	f.checkPartial(t, otlpwire.Logs, receiver.GRPC, ld.PartialSuccess().RejectedLogRecords(), ld.PartialSuccess().ErrorMessage())
	md, err := pmetricotlp.NewGRPCClient(conn).Export(t.Context(), m[otlpwire.Metrics].(pmetricotlp.ExportRequest))
	if err != nil {
		t.Fatal(err)
	}
	f.checkPartial(t, otlpwire.Metrics, receiver.GRPC, md.PartialSuccess().RejectedDataPoints(), md.PartialSuccess().ErrorMessage())
}

// A request of which nothing can be kept is answered, and nothing is stored.
func TestPartialSuccess_OfNothing(t *testing.T) {
	f := newFixture(t, 1<<20, receiver.Options{Retention: 24 * time.Hour})
	resp, answer := f.post(t, "/v1/logs", jsonType, "", []byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":1}]}]}]}`))
	if resp.StatusCode != http.StatusOK || !strings.Contains(string(answer), `"rejectedLogRecords":"1"`) || len(f.stored()) != 0 {
		t.Errorf("got %s %s", resp.Status, answer)
	}
}

// A log record without any time is as old as it was received.
func TestLogsWithoutTime(t *testing.T) {
	f := newFixture(t, 1<<20, receiver.Options{Retention: time.Hour})
	before := time.Now()
	if resp, answer := f.post(t, "/v1/logs", jsonType, "", []byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{},{"observedTimeUnixNano":null,"timeUnixNano":0}]}]}]}`)); resp.StatusCode != http.StatusOK || string(answer) != "{}" {
		t.Fatalf("got %s %s", resp.Status, answer)
	}
	r := plogotlp.NewExportRequest()
	if err := r.UnmarshalProto(f.stored()[0].data); err != nil {
		t.Fatal(err)
	}
	records := r.Logs().ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	for i := range records.Len() {
		if at := records.At(i).ObservedTimestamp().AsTime(); at.Before(before) || at.After(time.Now()) {
			t.Errorf("record %d is observed at %s", i, at)
		}
	}
}

// Every refusal says something that can be read, whatever bytes it is about.
func TestRefusals_HaveAText(t *testing.T) {
	f := newFixture(t, 1<<20, receiver.Options{})
	for _, body := range []string{"", "{", "\xe2\x82", `{"resourceSpans":"` + strings.Repeat("ä", 30) + `"}`, `{"resourceSpans":"` + strings.Repeat("\xff", 60) + `"}`, `{"x` + strings.Repeat("ö", 500) + `":[1}`} {
		for contentType, want := range map[string]string{jsonType: "JSON", protobuf: "malformed"} {
			if contentType == protobuf && body == "" {
				continue // an empty request
			}
			resp, answer := f.post(t, "/v1/traces", contentType, "", []byte(body))
			code, text := rpcStatus(t, resp, answer)
			if resp.StatusCode != http.StatusBadRequest || code != 3 || !strings.Contains(text, want) {
				t.Errorf("%.40q as %s: %s, %d %q", body, contentType, resp.Status, code, text)
			}
		}
	}
}
