package httpsemconv

import (
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// maxHostBytes bounds an address taken from a header. A DNS name has at most
// 253 bytes.
const maxHostBytes = 255

// SplitHostPort splits "host", "host:port", "[v6]" and "[v6]:port". The port is
// 0 when there is none or it is not a port.
func SplitHostPort(hostport string) (host string, port int) {
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

// origin is what is known of the way a request came: the proxies' word
// included where it counts.
type origin struct {
	scheme, host, client string
}

// TrustedProxies are the networks whose word on where a request came from is
// taken. The zero value trusts nobody: whoever reaches the server can write any
// header, also into the scheme of a metric.
type TrustedProxies []netip.Prefix

// trusts reports whether address, without a port, is in one of the networks.
func (t TrustedProxies) trusts(address string) bool {
	if len(t) == 0 {
		return false
	}
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	ip = ip.Unmap().WithZone("")
	return slices.ContainsFunc(t, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// origin reads where r came from. Behind a trusted proxy that is what it says
// in Forwarded, else in the X-Forwarded headers.
func (t TrustedProxies) origin(r *http.Request) (o origin, peer string, peerPort int) {
	o = origin{scheme: "http", host: r.Host}
	if r.TLS != nil {
		o.scheme = "https"
	}
	peer, peerPort = SplitHostPort(r.RemoteAddr)
	o.client = peer
	if !t.trusts(peer) {
		return o, peer, peerPort
	}
	if elements := elementsOf(r.Header["Forwarded"]); len(elements) > 0 {
		t.readForwarded(&o, elements)
	} else {
		t.readXForwarded(&o, r.Header)
	}
	return o, peer, peerPort
}

// readForwarded goes back from the last proxy to the first one that a trusted
// one had its request from. Each has appended an element, and what stands
// before those of the trusted is anybody's.
func (t TrustedProxies) readForwarded(o *origin, elements []string) {
	for _, element := range slices.Backward(elements) {
		from := ""
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
				from, _ = SplitHostPort(value)
			}
		}
		if from == "" {
			return
		}
		if o.client = from; !t.trusts(from) {
			return
		}
	}
}

// readXForwarded does the same with three headers. A proxy appends to
// X-Forwarded-For and sets the other two or appends to them as well, so theirs
// are counted from the end, as far as they go.
func (t TrustedProxies) readXForwarded(o *origin, h http.Header) {
	clients := elementsOf(h["X-Forwarded-For"])
	back := 0 // how many trusted proxies lie between
	for _, client := range slices.Backward(clients) {
		from, _ := SplitHostPort(client)
		if from == "" {
			break
		}
		if o.client = from; !t.trusts(from) {
			break
		}
		back++
	}
	if v := fromEnd(elementsOf(h["X-Forwarded-Proto"]), back); v != "" {
		o.scheme = knownScheme(v, o.scheme)
	}
	if v := fromEnd(elementsOf(h["X-Forwarded-Host"]), back); v != "" {
		o.host = v
	}
}

// fromEnd returns the element that lies back before the last one, or the first.
func fromEnd(elements []string, back int) string {
	if len(elements) == 0 {
		return ""
	}
	return elements[max(0, len(elements)-1-back)]
}

// maxProxies bounds the elements that are looked at: the last ones, which are
// those of the nearest proxies.
const maxProxies = 16

// elementsOf returns the elements of a list that may stand in several lines.
func elementsOf(lines []string) []string {
	var elements []string
	for i := len(lines) - 1; i >= 0 && len(elements) < maxProxies; i-- {
		for rest := lines[i]; rest != "" && len(elements) < maxProxies; {
			at := strings.LastIndexByte(rest, ',')
			elements = append(elements, strings.TrimSpace(rest[at+1:]))
			rest = rest[:max(at, 0)]
		}
	}
	slices.Reverse(elements)
	return elements
}

// knownScheme keeps a header from inventing time series: url.scheme is a metric
// attribute.
func knownScheme(s, fallback string) string {
	if s = strings.ToLower(s); s == "http" || s == "https" {
		return s
	}
	return fallback
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
