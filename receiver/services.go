package receiver

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"
)

const (
	// maxServiceMessage is the largest message of a health check or of
	// reflection: names.
	maxServiceMessage = 64 << 10
	// watchInterval is how often a watched health is looked at.
	watchInterval = time.Second
)

// services are the calls beside Export: health checks and reflection. They carry
// no telemetry and their messages are small, so a grpc.Server answers them, which
// Export calls do not go through. Reflection describes what the program has
// descriptors of: those of the Export calls come with the packages of
// go.opentelemetry.io/proto/otlp/collector, for a program that wants to show them.
type services struct {
	grpc_health_v1.UnimplementedHealthServer

	// Immutable after newServices.
	server  *grpc.Server
	all     map[string]grpc.ServiceInfo // by name, those of Export too
	ready   func() error
	stopped chan struct{}
	stop    func() // closes stopped, once
}

func newServices(ready func() error) *services {
	s := &services{ready: ready, stopped: make(chan struct{})}
	s.stop = sync.OnceFunc(func() { close(s.stopped) })
	s.server = grpc.NewServer(grpc.MaxRecvMsgSize(maxServiceMessage))
	grpc_health_v1.RegisterHealthServer(s.server, s)
	o := reflection.ServerOptions{Services: s}
	grpc_reflection_v1.RegisterServerReflectionServer(s.server, reflection.NewServerV1(o))
	grpc_reflection_v1alpha.RegisterServerReflectionServer(s.server, reflection.NewServer(o))
	s.all = s.server.GetServiceInfo()
	for path := range exports {
		s.all[serviceOf(path)] = grpc.ServiceInfo{}
	}
	return s
}

// GetServiceInfo names all services of the port to reflection.
func (s *services) GetServiceInfo() map[string]grpc.ServiceInfo { return s.all }

// known tells whether there is such a service; "" is all of them.
func (s *services) known(name string) bool {
	_, ok := s.all[name]
	return ok || name == ""
}

// serviceOf returns the name of the service in the path of a call.
func serviceOf(path string) string {
	service, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return service
}

// serve answers a call. A client that keeps it open without sending is cut off,
// as one of Export is; a watch sends nothing after its request.
func (s *services) serve(w http.ResponseWriter, req *http.Request, readTimeout time.Duration) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readTimeout))
	s.server.ServeHTTP(w, req)
}

func (s *services) health() grpc_health_v1.HealthCheckResponse_ServingStatus {
	select {
	case <-s.stopped:
		return grpc_health_v1.HealthCheckResponse_NOT_SERVING
	default:
	}
	if s.ready != nil && s.ready() != nil {
		return grpc_health_v1.HealthCheckResponse_NOT_SERVING
	}
	return grpc_health_v1.HealthCheckResponse_SERVING
}

// Check answers with the health of the whole, or of one service: all are served
// or none.
func (s *services) Check(_ context.Context, req *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	if !s.known(req.GetService()) {
		return nil, status.Error(codes.NotFound, "unknown service")
	}
	return &grpc_health_v1.HealthCheckResponse{Status: s.health()}, nil
}

// List answers with the health of every service.
func (s *services) List(context.Context, *grpc_health_v1.HealthListRequest) (*grpc_health_v1.HealthListResponse, error) {
	all := &grpc_health_v1.HealthListResponse{Statuses: map[string]*grpc_health_v1.HealthCheckResponse{"": {Status: s.health()}}}
	for name := range s.all {
		all.Statuses[name] = &grpc_health_v1.HealthCheckResponse{Status: s.health()}
	}
	return all, nil
}

// Watch sends the health, and again when it is another, until the client or the
// receiver goes away.
func (s *services) Watch(req *grpc_health_v1.HealthCheckRequest, out grpc_health_v1.Health_WatchServer) error {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	last := grpc_health_v1.HealthCheckResponse_UNKNOWN
	for {
		now := s.health()
		if !s.known(req.GetService()) {
			now = grpc_health_v1.HealthCheckResponse_SERVICE_UNKNOWN
		}
		if now != last {
			if err := out.Send(&grpc_health_v1.HealthCheckResponse{Status: now}); err != nil {
				return err
			}
			last = now
		}
		select {
		case <-tick.C:
		case <-out.Context().Done():
			return status.FromContextError(out.Context().Err()).Err()
		case <-s.stopped:
			return status.Error(codes.Unavailable, "shutting down")
		}
	}
}
