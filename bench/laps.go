package bench

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/ttlog/ttlog/internal/capturetest"
	"github.com/ttlog/ttlog/internal/otlpfile"
	"github.com/ttlog/ttlog/internal/otlpwire"
)

// The captures that queries are measured on, beside hotrod.
const (
	loghub       = "loghub.logs.binpb.zst"
	nodeExporter = "node.metrics.binpb.zst"
)

// laps repeats the captures, each time with other ids and times, and always the
// same ones: answers can be compared from run to run.
type laps struct {
	traces, logs, metrics int
}

// standardLaps are 2,087,110 spans, 133,470 log records of theirs, 1,024,000 of
// LogHub and 2,433,600 points.
var standardLaps = laps{traces: 10, logs: 32, metrics: 10}

// How far the laps are apart: a little more than the captures are long, so that
// time goes on. LogHub's records are spread over years, and stay on their days.
const (
	traceLap  = 80 * time.Second
	logLap    = time.Millisecond
	metricLap = 4 * time.Minute
)

// captured returns an error where a capture is missing.
func captured() error {
	for _, name := range []string{hotrod, loghub, nodeExporter} {
		if capturetest.Find(name) == "" {
			return fmt.Errorf("no %s in $TTLOG_CAPTURES or ../shared/data", name)
		}
	}
	return nil
}

// each calls do with every request, which is valid during the call.
func (l laps) each(ctx context.Context, do func(signal otlpwire.Signal, msg []byte) error) error {
	spans, err := messages(hotrod, otlpwire.Traces)
	if err != nil {
		return err
	}
	errorLogs, err := logsOfErrors(spans)
	if err != nil {
		return err
	}
	records, err := messages(loghub, otlpwire.Logs)
	if err != nil {
		return err
	}
	points, err := messages(nodeExporter, otlpwire.Metrics)
	if err != nil {
		return err
	}
	for _, of := range []struct {
		signal   otlpwire.Signal
		messages [][]byte
		laps     int
		apart    time.Duration
	}{
		{otlpwire.Traces, spans, l.traces, traceLap},
		{otlpwire.Logs, errorLogs, l.traces, traceLap},
		{otlpwire.Logs, records, l.logs, logLap},
		{otlpwire.Metrics, points, l.metrics, metricLap},
	} {
		for lap := range of.laps {
			if err := eachOfLap(ctx, of.signal, of.messages, lapOf(lap, of.apart), do); err != nil {
				return err
			}
		}
	}
	return nil
}

// lapOf returns what a lap does to the captured records; the first leaves them
// as they are.
func lapOf(lap int, apart time.Duration) *refresher {
	r := &refresher{shift: uint64(lap) * uint64(apart)}
	if lap > 0 {
		sum := sha256.Sum256(fmt.Appendf(nil, "lap %d", lap))
		copy(r.mask[:], sum[:])
	}
	return r
}

func eachOfLap(ctx context.Context, signal otlpwire.Signal, messages [][]byte, r *refresher, do func(otlpwire.Signal, []byte) error) error {
	move := map[otlpwire.Signal]func([]byte) error{otlpwire.Traces: r.span, otlpwire.Logs: r.log, otlpwire.Metrics: r.metric}[signal]
	var msg []byte
	for _, m := range messages {
		if err := ctx.Err(); err != nil {
			return err
		}
		msg = append(msg[:0], m...)
		if err := eachRecord(msg, move); err != nil {
			return err
		}
		if err := do(signal, msg); err != nil {
			return err
		}
	}
	return nil
}

// messages returns the requests of a captured file.
func messages(name string, signal otlpwire.Signal) (list [][]byte, err error) {
	in, err := otlpfile.Open(capturetest.Find(name), signal)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	for {
		msg, err := in.Next()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		list = append(list, bytes.Clone(msg))
	}
}

// logsOfErrors returns the log records that the captured program would have
// written: one for each error that a span has as an event, with its trace.
func logsOfErrors(spans [][]byte) (list [][]byte, err error) {
	for _, msg := range spans {
		var data tracepb.TracesData
		if err := proto.Unmarshal(msg, &data); err != nil {
			return nil, err
		}
		var logs logspb.LogsData
		for _, of := range data.ResourceSpans {
			scoped := &logspb.ScopeLogs{}
			for _, scope := range of.ScopeSpans {
				for _, s := range scope.Spans {
					scoped.LogRecords = appendErrors(scoped.LogRecords, s)
				}
			}
			if len(scoped.LogRecords) > 0 {
				logs.ResourceLogs = append(logs.ResourceLogs, &logspb.ResourceLogs{Resource: of.Resource, ScopeLogs: []*logspb.ScopeLogs{scoped}})
			}
		}
		if len(logs.ResourceLogs) == 0 {
			continue
		}
		out, err := proto.Marshal(&logs)
		if err != nil {
			return nil, err
		}
		list = append(list, out)
	}
	return list, nil
}

func appendErrors(list []*logspb.LogRecord, s *tracepb.Span) []*logspb.LogRecord {
	for _, e := range s.Events {
		if e.Name != "exception" {
			continue
		}
		record := &logspb.LogRecord{
			TimeUnixNano: e.TimeUnixNano, SeverityNumber: logspb.SeverityNumber_SEVERITY_NUMBER_ERROR, SeverityText: "ERROR",
			TraceId: s.TraceId, SpanId: s.SpanId, Attributes: e.Attributes,
		}
		for _, kv := range e.Attributes {
			if kv.Key == "exception.message" {
				record.Body = &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: kv.Value.GetStringValue()}}
			}
		}
		list = append(list, record)
	}
	return list
}

// WriteLaps writes n laps of the captured spans in the form of the Collector's
// file exporter.
func WriteLaps(ctx context.Context, w io.Writer, n int) error {
	return laps{traces: n}.each(ctx, func(signal otlpwire.Signal, msg []byte) error {
		if signal != otlpwire.Traces {
			return nil
		}
		if _, err := w.Write(binary.BigEndian.AppendUint32(nil, uint32(len(msg)))); err != nil {
			return err
		}
		_, err := w.Write(msg)
		return err
	})
}
