package queryapi

import (
	"net/http"
	"sync"
)

// shutdowns knows when the servers that a handler runs in begin to shut down. A
// tail has no end of its own, and http.Server.Shutdown waits for every request:
// in an application, whose server is not ours, it would wait in vain.
type shutdowns struct {
	mu      sync.Mutex
	servers map[*http.Server]chan struct{} // guarded by mu; closed at the shutdown
}

// of returns a channel that is closed when the server of a request begins to
// shut down. It is nil, which is never ready, for a server that is not
// net/http's.
func (s *shutdowns) of(r *http.Request) <-chan struct{} {
	server, ok := r.Context().Value(http.ServerContextKey).(*http.Server)
	if !ok {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if over, ok := s.servers[server]; ok {
		return over
	}
	if s.servers == nil {
		s.servers = make(map[*http.Server]chan struct{})
	}
	over := make(chan struct{})
	s.servers[server] = over
	server.RegisterOnShutdown(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.servers, server)
		close(over)
	})
	return over
}
