package otlp_test

import (
	"crypto/tls"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/ttlog/ttlog/exporter/otlp"
	"github.com/ttlog/ttlog/internal/otlpwire"
)

// tlsCollector serves both protocols with httptest's certificate, and returns
// their endpoints and the file of the authority.
func tlsCollector(t *testing.T) (endpoints []string, caFile string) {
	t.Helper()
	srv := httptest.NewTLSServer(http.HandlerFunc(ok))
	t.Cleanup(srv.Close)
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	if err := os.WriteFile(caFile, cert, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: srv.TLS.Certificates, MinVersion: tls.VersionTLS12})))
	ptraceotlp.RegisterGRPCServer(g, &grpcCollector{})
	done := make(chan struct{})
	go func() { defer close(done); _ = g.Serve(l) }()
	t.Cleanup(func() { g.Stop(); <-done })
	return []string{srv.URL, "grpcs://" + l.Addr().String()}, caFile
}

func TestTLS(t *testing.T) {
	endpoints, caFile := tlsCollector(t)
	for _, endpoint := range endpoints {
		o := to(endpoint)
		o.CAFile = caFile
		if err := newClient(t, o).Forward(t.Context(), otlpwire.Traces, request(t, "x")); err != nil {
			t.Errorf("%s: %v", endpoint, err)
		}
		// An unknown authority is a mistake of the configuration, which may be
		// mended: it must not cost data.
		o = to(endpoint)
		o.Retry = otlp.Retry{Disabled: true}
		err := newClient(t, o).Forward(t.Context(), otlpwire.Traces, request(t, "x"))
		if err == nil || permanent(err) {
			t.Errorf("%s with an unknown authority: got %v, want a transient error", endpoint, err)
		}
	}
}

func permanent(err error) bool {
	p, isOurs := err.(interface{ Permanent() bool })
	return isOurs && p.Permanent()
}
