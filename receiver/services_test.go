package receiver_test

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"

	"github.com/ttlog/ttlog/receiver"
)

const traceService = "opentelemetry.proto.collector.trace.v1.TraceService"

func TestHealth_Check(t *testing.T) {
	var down atomic.Bool
	f := newFixture(t, 1<<16, receiver.Options{Ready: func() error {
		if down.Load() {
			return errors.New("no room")
		}
		return nil
	}})
	client := grpc_health_v1.NewHealthClient(dial(t, f.grpc))
	check := func(service string) grpc_health_v1.HealthCheckResponse_ServingStatus {
		t.Helper()
		r, err := client.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: service})
		if err != nil {
			t.Fatal(err)
		}
		return r.GetStatus()
	}
	for _, service := range []string{"", traceService} {
		down.Store(false)
		if got := check(service); got != grpc_health_v1.HealthCheckResponse_SERVING {
			t.Errorf("%q: got %s", service, got)
		}
		down.Store(true)
		if got := check(service); got != grpc_health_v1.HealthCheckResponse_NOT_SERVING {
			t.Errorf("%q: got %s", service, got)
		}
	}
	if _, err := client.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: "other"}); status.Code(err) != codes.NotFound {
		t.Errorf("unknown service: %v", err)
	}
	if all, err := client.List(t.Context(), &grpc_health_v1.HealthListRequest{}); err != nil || all.GetStatuses()[traceService].GetStatus() != grpc_health_v1.HealthCheckResponse_NOT_SERVING {
		t.Errorf("list: %v, %v", all, err)
	}
}

func TestHealth_Watch(t *testing.T) {
	f := newFixture(t, 1<<16, receiver.Options{ReadTimeout: 10 * time.Millisecond})
	client := grpc_health_v1.NewHealthClient(dial(t, f.grpc))
	watch, err := client.Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: traceService})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := watch.Recv(); err != nil || r.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Fatalf("got %v, %v", r, err)
	}
	unknown, err := client.Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: "other"})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := unknown.Recv(); err != nil || r.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVICE_UNKNOWN {
		t.Errorf("unknown service: %v, %v", r, err)
	}
	time.Sleep(50 * time.Millisecond) // a watch has no more to send, and is not cut off for it
	f.Shutdown()
	if _, err := watch.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("after the shutdown: %v", err)
	}
	if r, err := client.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{}); err != nil || r.GetStatus() != grpc_health_v1.HealthCheckResponse_NOT_SERVING {
		t.Errorf("after the shutdown: %v, %v", r, err)
	}
}

// Reflection lists what there is, under both of its names.
func TestReflection(t *testing.T) {
	f := newFixture(t, 1<<16, receiver.Options{})
	conn := dial(t, f.grpc)
	s, err := grpc_reflection_v1.NewServerReflectionClient(conn).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(&grpc_reflection_v1.ServerReflectionRequest{MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{}}); err != nil {
		t.Fatal(err)
	}
	all, err := s.Recv()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, service := range all.GetListServicesResponse().GetService() {
		names = append(names, service.GetName())
	}
	if !slices.Contains(names, traceService) || !slices.Contains(names, "grpc.health.v1.Health") {
		t.Errorf("services: %q", names)
	}
	old, err := grpc_reflection_v1alpha.NewServerReflectionClient(conn).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := old.Send(&grpc_reflection_v1alpha.ServerReflectionRequest{MessageRequest: &grpc_reflection_v1alpha.ServerReflectionRequest_ListServices{}}); err != nil { //nolint:staticcheck // older clients know this name alone
		t.Fatal(err)
	}
	if r, err := old.Recv(); err != nil || len(r.GetListServicesResponse().GetService()) != len(names) { //nolint:staticcheck // as above
		t.Errorf("v1alpha: %v, %v", r, err)
	}
	_ = s.CloseSend()
	_ = old.CloseSend()
}

// A client of reflection that sends nothing is cut off.
func TestReflection_SlowClient(t *testing.T) {
	f := newFixture(t, 1<<16, receiver.Options{ReadTimeout: 50 * time.Millisecond})
	s, err := grpc_reflection_v1.NewServerReflectionClient(dial(t, f.grpc)).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r, err := s.Recv(); err == nil {
		t.Errorf("got %v", r)
	}
}
