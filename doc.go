// Package ttlog gives a Go service its telemetry in one call. [Start] sets up
// OpenTelemetry's trace, metric and log providers over a lock-free ring and a
// columnar store in a local directory, where SQL finds what they recorded a
// moment later:
//
//	shutdown, err := ttlog.Start(ctx, ttlog.WithService("shop"))
//	if err != nil {
//		return err
//	}
//	defer shutdown(context.WithoutCancel(ctx))
//	ttlog.Mount(mux, "/telemetry")
//
// The providers record what the official SDK's do, at a fraction of the price (see
// package tracer and [WithOfficialSDK]), and are set as OpenTelemetry's globals, so
// every instrumentation library works as it is. The environment variables
// of the OpenTelemetry specification are honored: OTEL_SERVICE_NAME,
// OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER and its argument,
// OTEL_PROPAGATORS, OTEL_SDK_DISABLED, OTEL_METRIC_EXPORT_INTERVAL,
// OTEL_TRACES_EXPORTER, OTEL_LOGS_EXPORTER and OTEL_METRICS_EXPORTER (otlp,
// ttlog for the store alone, none), and OTEL_EXPORTER_OTLP_*, which names a
// collector to forward everything to beside the store. What is not understood is
// told of and ignored. An option given in code wins over the environment.
//
// Telemetry never fails its host: nothing here blocks or panics in the
// application's path; what cannot be kept is counted and dropped.
// All functions are safe for concurrent use.
package ttlog
