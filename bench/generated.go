package bench

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Telemetry that is made, always the same, for figures about records that are
// smaller than those that were captured.
const (
	generatedRecords = 400_000
	perRequest       = 512
	generatedStart   = uint64(1_760_000_000e9)
)

func chars(key, value string) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}}
}

func integer(key string, value int64) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: value}}}
}

var generatedResource = &resourcepb.Resource{Attributes: []*commonpb.KeyValue{chars("service.name", "shop"), chars("host.name", "localhost")}}

// narrowSpans are spans with two attributes: traces of four, each span 100 µs
// behind the one before.
func narrowSpans() (list [][]byte, err error) {
	rng := rand.New(rand.NewPCG(1, 2))
	id := func(words int) (b []byte) {
		for range words {
			b = binary.LittleEndian.AppendUint64(b, rng.Uint64())
		}
		return b
	}
	var trace, parent []byte
	for from := 0; from < generatedRecords; from += perRequest {
		scope := &tracepb.ScopeSpans{}
		for i := from; i < from+perRequest; i++ {
			if i%4 == 0 {
				trace, parent = id(2), nil
			}
			at, route := generatedStart+uint64(i)*100_000, rng.IntN(20)
			s := &tracepb.Span{
				TraceId: trace, SpanId: id(1), ParentSpanId: parent, Name: fmt.Sprintf("GET /route/%d", route), Kind: tracepb.Span_SPAN_KIND_SERVER,
				StartTimeUnixNano: at, EndTimeUnixNano: at + uint64(rng.ExpFloat64()*5e6),
				Attributes: []*commonpb.KeyValue{chars("http.route", fmt.Sprintf("/route/%d", route)), integer("http.response.status_code", int64(200+100*(rng.IntN(50)/48)))},
			}
			parent = s.SpanId
			scope.Spans = append(scope.Spans, s)
		}
		msg, err := proto.Marshal(&coltracepb.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{{Resource: generatedResource, ScopeSpans: []*tracepb.ScopeSpans{scope}}}})
		if err != nil {
			return nil, err
		}
		list = append(list, msg)
	}
	return list, nil
}

// fieldLogs are log records with five fields.
func fieldLogs() (list [][]byte, err error) {
	rng := rand.New(rand.NewPCG(3, 4))
	for from := 0; from < generatedRecords; from += perRequest {
		scope := &logspb.ScopeLogs{}
		for i := from; i < from+perRequest; i++ {
			user := rng.IntN(5000)
			scope.LogRecords = append(scope.LogRecords, &logspb.LogRecord{
				TimeUnixNano: generatedStart + uint64(i)*100_000, SeverityNumber: logspb.SeverityNumber_SEVERITY_NUMBER_INFO, SeverityText: "INFO",
				Body: chars("", fmt.Sprintf("order %d of user %d accepted", i, user)).Value,
				Attributes: []*commonpb.KeyValue{
					chars("http.request.method", []string{"GET", "POST", "PUT"}[rng.IntN(3)]), chars("url.path", fmt.Sprintf("/orders/%d", i)),
					integer("http.response.status_code", 200), integer("user.id", int64(user)), integer("duration_us", int64(rng.ExpFloat64()*5000)),
				},
			})
		}
		msg, err := proto.Marshal(&collogspb.ExportLogsServiceRequest{ResourceLogs: []*logspb.ResourceLogs{{Resource: generatedResource, ScopeLogs: []*logspb.ScopeLogs{scope}}}})
		if err != nil {
			return nil, err
		}
		list = append(list, msg)
	}
	return list, nil
}
