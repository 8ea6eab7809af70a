package ttlog

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// resource describes this process: the SDK's and the host's attributes, then
// OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME, then what the options say.
func (c config) resource(ctx context.Context) (*resource.Resource, error) {
	attrs := c.attributes
	if c.service != "" {
		attrs = append(attrs, semconv.ServiceName(c.service))
	}
	if c.version != "" {
		attrs = append(attrs, semconv.ServiceVersion(c.version))
	}
	res, err := resource.New(ctx,
		resource.WithTelemetrySDK(),
		resource.WithHost(),
		resource.WithProcessPID(),
		resource.WithFromEnv(),
		resource.WithAttributes(attrs...),
	)
	if err != nil && !errors.Is(err, resource.ErrPartialResource) && !errors.Is(err, resource.ErrSchemaURLConflict) {
		return nil, err
	}
	// The default's name, unknown_service:program, stands where nobody gave one.
	return resource.Merge(resource.Default(), res)
}

// propagators reads OTEL_PROPAGATORS: a comma-separated list, whose default is
// W3C trace context and baggage.
func propagators(list string) (propagation.TextMapPropagator, error) {
	if strings.TrimSpace(list) == "" {
		list = "tracecontext,baggage"
	}
	var chosen []propagation.TextMapPropagator
	for name := range strings.SplitSeq(list, ",") {
		switch name = strings.TrimSpace(name); name {
		case "tracecontext":
			chosen = append(chosen, propagation.TraceContext{})
		case "baggage":
			chosen = append(chosen, propagation.Baggage{})
		case "none", "":
		default:
			return nil, fmt.Errorf("%q is not known here; tracecontext, baggage and none are", name)
		}
	}
	return propagation.NewCompositeTextMapPropagator(chosen...), nil
}
