package otlpjson

import (
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// message is what the JSON of a message may have.
type message struct {
	fields map[string]*field // by the names in JSON and in the .proto file
	value  bool              // an AnyValue, which nests
}

// field is one field of a message.
type field struct {
	num    protowire.Number
	kind   protoreflect.Kind
	wire   protowire.Type
	msg    *message
	enum   map[string]int32
	bit    uint64 // among the fields of its message
	oneof  uint64 // the same of its oneof; 0 in none
	list   bool
	packed bool
	// presence is true where the default and no value differ.
	presence bool
	// id is true of trace and span ids.
	id bool
	// foreign marks the names of the other signals' requests: to leave them
	// out as unknown would lose what was meant to be sent.
	foreign bool
}

// requests are the messages of the signals: TracesData is on the wire what
// ExportTraceServiceRequest is, and does not bring gRPC along. It is immutable.
var requests = func() map[otlpwire.Signal]*message {
	all := make(map[protoreflect.FullName]*message)
	r := map[otlpwire.Signal]*message{
		otlpwire.Traces:  describe((&traces.TracesData{}).ProtoReflect().Descriptor(), all),
		otlpwire.Logs:    describe((&logs.LogsData{}).ProtoReflect().Descriptor(), all),
		otlpwire.Metrics: describe((&metrics.MetricsData{}).ProtoReflect().Descriptor(), all),
	}
	for s, m := range r {
		for other, o := range r {
			for name, f := range o.fields {
				if other != s && !f.foreign && m.fields[name] == nil {
					m.fields[name] = &field{foreign: true}
				}
			}
		}
	}
	return r
}()

func describe(d protoreflect.MessageDescriptor, all map[protoreflect.FullName]*message) *message {
	if m := all[d.FullName()]; m != nil {
		return m
	}
	m := &message{fields: make(map[string]*field), value: d.Name() == "AnyValue"}
	all[d.FullName()] = m
	for i := range d.Fields().Len() {
		fd := d.Fields().Get(i)
		f := &field{
			num: fd.Number(), kind: fd.Kind(), wire: wireType(fd.Kind()), bit: 1 << i,
			list: fd.IsList(), packed: fd.IsPacked(), presence: fd.HasPresence(),
		}
		switch fd.Name() {
		case "trace_id", "span_id", "parent_span_id":
			f.id = true
		}
		if o := fd.ContainingOneof(); o != nil {
			f.oneof = 1 << o.Index()
		}
		if fd.Kind() == protoreflect.MessageKind {
			f.msg = describe(fd.Message(), all)
		}
		if fd.Kind() == protoreflect.EnumKind {
			f.enum = make(map[string]int32)
			for i := range fd.Enum().Values().Len() {
				v := fd.Enum().Values().Get(i)
				f.enum[string(v.Name())] = int32(v.Number())
			}
		}
		m.fields[fd.JSONName()], m.fields[fd.TextName()] = f, f
	}
	return m
}

func wireType(k protoreflect.Kind) protowire.Type {
	switch k {
	case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind, protoreflect.DoubleKind:
		return protowire.Fixed64Type
	case protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind, protoreflect.FloatKind:
		return protowire.Fixed32Type
	case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind:
		return protowire.BytesType
	}
	return protowire.VarintType
}
