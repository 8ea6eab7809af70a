package ttlog

import (
	"context"
	"errors"
	"runtime/debug"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// resource describes this process: the SDK's and the host's attributes and the
// version of the build, then OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME, then
// what the options say.
func (c config) resource(ctx context.Context) (*resource.Resource, error) {
	attrs := c.attributes
	if c.service != "" {
		attrs = append(attrs, semconv.ServiceName(c.service))
	}
	if c.version != "" {
		attrs = append(attrs, semconv.ServiceVersion(c.version))
	}
	var built []attribute.KeyValue
	if info, ok := debug.ReadBuildInfo(); ok {
		if v := buildVersion(info); v != "" {
			built = append(built, semconv.ServiceVersion(v))
		}
	}
	res, err := resource.New(ctx,
		resource.WithAttributes(built...),
		resource.WithTelemetrySDK(),
		resource.WithHost(),
		resource.WithProcessPID(),
		resource.WithFromEnv(),
		resource.WithAttributes(attrs...),
	)
	switch {
	case err == nil, errors.Is(err, resource.ErrSchemaURLConflict):
	case errors.Is(err, resource.ErrPartialResource):
		c.warn(err)
	default:
		return nil, err
	}
	// The default's name, unknown_service:program, stands where nobody gave one.
	return resource.Merge(resource.Default(), res)
}

// buildVersion returns the revision that a program was built from, as the go
// command notes it, else the version of the module that go install was given.
func buildVersion(info *debug.BuildInfo) string {
	var revision, modified string
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			revision = s.Value
		case "vcs.modified":
			modified = s.Value
		}
	}
	switch {
	case revision != "" && modified == "true":
		return revision + "+dirty" // as the go command says it of versions
	case revision != "":
		return revision
	case info.Main.Version == "(devel)":
		return ""
	}
	return info.Main.Version
}
