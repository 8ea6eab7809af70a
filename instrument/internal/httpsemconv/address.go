package httpsemconv

import (
	"net/http"
	"strconv"
	"strings"
)

// maxHostBytes bounds an address taken from a header. A DNS name has at most
// 253 bytes.
const maxHostBytes = 255

// splitHostPort splits "host", "host:port", "[v6]" and "[v6]:port". The port is
// 0 when there is none or it is not a port.
func splitHostPort(hostport string) (host string, port int) {
	host = hostport
	rest := ""
	if strings.HasPrefix(hostport, "[") {
		end := strings.IndexByte(hostport, ']')
		if end < 0 {
			return "", 0
		}
		host, rest = hostport[1:end], hostport[end+1:]
	} else if i := strings.IndexByte(hostport, ':'); i >= 0 && strings.IndexByte(hostport[i+1:], ':') < 0 {
		host, rest = hostport[:i], hostport[i:]
	}
	if len(host) > maxHostBytes {
		return "", 0
	}
	if p, ok := strings.CutPrefix(rest, ":"); ok {
		if n, err := strconv.ParseUint(p, 10, 16); err == nil {
			port = int(n)
		}
	}
	return host, port
}

// defaultPort reports whether port is the one that scheme implies, which the
// convention leaves out.
func defaultPort(scheme string, port int) bool {
	return port == 0 || (scheme == "http" && port == 80) || (scheme == "https" && port == 443)
}

// origin is what a request says about the way it came: proxies included.
type origin struct {
	scheme, host, client string
}

// readOrigin prefers the Forwarded header, then the X-Forwarded ones, then the
// connection itself.
func readOrigin(r *http.Request) origin {
	o := origin{scheme: "http", host: r.Host}
	if r.TLS != nil {
		o.scheme = "https"
	}
	if v := r.Header["X-Forwarded-Proto"]; len(v) > 0 {
		o.scheme = knownScheme(firstElement(v[0]), o.scheme)
	}
	if v := r.Header["X-Forwarded-Host"]; len(v) > 0 {
		if h := firstElement(v[0]); h != "" {
			o.host = h
		}
	}
	if v := r.Header["X-Forwarded-For"]; len(v) > 0 {
		o.client, _ = splitHostPort(firstElement(v[0]))
	}
	if v := r.Header["Forwarded"]; len(v) > 0 {
		o.readForwarded(firstElement(v[0]))
	}
	return o
}

func (o *origin) readForwarded(element string) {
	for pair := range strings.SplitSeq(element, ";") {
		key, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
		value = strings.Trim(value, `"`)
		if !ok || value == "" {
			continue
		}
		switch strings.ToLower(key) {
		case "proto":
			o.scheme = knownScheme(value, o.scheme)
		case "host":
			o.host = value
		case "for":
			o.client, _ = splitHostPort(value)
		}
	}
}

// knownScheme keeps a header from inventing time series: url.scheme is a metric
// attribute.
func knownScheme(s, fallback string) string {
	if s = strings.ToLower(s); s == "http" || s == "https" {
		return s
	}
	return fallback
}

func firstElement(list string) string {
	first, _, _ := strings.Cut(list, ",")
	return strings.TrimSpace(first)
}

// protocolVersion returns the value of network.protocol.version.
func protocolVersion(major, minor int) string {
	switch {
	case major == 1 && minor == 1:
		return "1.1"
	case major == 1 && minor == 0:
		return "1.0"
	case major == 2:
		return "2"
	case major == 3:
		return "3"
	}
	return ""
}
