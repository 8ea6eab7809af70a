package otlp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/redact"
)

// errNoScheme is what an endpoint gets that could be either protocol.
var errNoScheme = errors.New("want a scheme: http://, https://, grpc:// or grpcs://")

// address is a parsed endpoint.
type address struct {
	grpc   bool
	secure bool
	host   string        // host:port, for gRPC
	user   *url.Userinfo // for gRPC; that of HTTP is in its URL
	url    string        // for HTTP
}

// parse resolves the endpoint of t for a signal.
func (t Target) parse(s otlpwire.Signal) (address, error) {
	shown := redact.URL(t.Endpoint) // errors are logged
	if !strings.Contains(t.Endpoint, "://") {
		if t.Protocol == ProtocolFromScheme {
			return address{}, fmt.Errorf("endpoint %q: %w", shown, errNoScheme)
		}
		return t.parseBare(s)
	}
	u, err := redact.Parse(t.Endpoint)
	if err != nil {
		return address{}, fmt.Errorf("endpoint %q: %w", shown, err)
	}
	if u.Hostname() == "" {
		return address{}, fmt.Errorf("endpoint %q names no host", shown)
	}
	if u.Fragment != "" {
		return address{}, fmt.Errorf("endpoint %q has a '#' in it, which ends its address", shown)
	}
	var a address
	switch u.Scheme {
	case "http", "https":
		a = address{grpc: t.Protocol == ProtocolGRPC, secure: u.Scheme == "https"}
	case "grpc", "grpcs":
		if t.Protocol == ProtocolHTTP {
			return address{}, fmt.Errorf("endpoint %q does not fit protocol %s", shown, t.Protocol)
		}
		a = address{grpc: true, secure: u.Scheme == "grpcs"}
	default:
		return address{}, fmt.Errorf("endpoint %q: scheme %q: %w", shown, u.Scheme, errNoScheme)
	}
	if a.grpc {
		if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			return address{}, fmt.Errorf("endpoint %q: a gRPC endpoint has no path", shown)
		}
		a.host, a.user = withPort(u, "4317"), u.User
		return a, nil
	}
	a.url = httpURL(u, s, t.ExactURL)
	return a, nil
}

func (t Target) parseBare(s otlpwire.Signal) (address, error) {
	scheme := "https://"
	if t.Insecure {
		scheme = "http://"
	}
	t.Endpoint = scheme + t.Endpoint
	return t.parse(s)
}

func withPort(u *url.URL, port string) string {
	if u.Port() != "" {
		return u.Host
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// httpURL appends the signal's path to a base URL, or gives an exact one a
// path when it has none.
func httpURL(u *url.URL, s otlpwire.Signal, exact bool) string {
	v := *u
	if exact {
		if v.Path == "" {
			v.Path = "/"
		}
		return v.String()
	}
	return v.JoinPath("v1", s.String()).String()
}

// tlsConfig returns the TLS settings of t.
func (t Target) tlsConfig() (*tls.Config, error) {
	if t.TLS != nil {
		return t.TLS.Clone(), nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read certificate authorities: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read certificate authorities: %s holds no PEM certificate", t.CAFile)
		}
	}
	if t.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("read client certificate: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
