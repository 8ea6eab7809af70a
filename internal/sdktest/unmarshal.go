package sdktest

import (
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// UnmarshalTraces decodes an ExportTraceServiceRequest with pdata.
func UnmarshalTraces(request []byte) (ptrace.Traces, error) {
	r := ptraceotlp.NewExportRequest()
	err := r.UnmarshalProto(request)
	return r.Traces(), err
}

// UnmarshalLogs decodes an ExportLogsServiceRequest with pdata.
func UnmarshalLogs(request []byte) (plog.Logs, error) {
	r := plogotlp.NewExportRequest()
	err := r.UnmarshalProto(request)
	return r.Logs(), err
}

// UnmarshalMetrics decodes an ExportMetricsServiceRequest with pdata.
func UnmarshalMetrics(request []byte) (pmetric.Metrics, error) {
	r := pmetricotlp.NewExportRequest()
	err := r.UnmarshalProto(request)
	return r.Metrics(), err
}
