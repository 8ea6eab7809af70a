package queryapi

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
)

// A Guard keeps the web pages of others out. A page can make a browser send
// requests to any address that the browser reaches, this machine's loopback
// among them, in two ways. It may ask across origins: the browser then says so
// (Origin, Sec-Fetch-Site). Or it may let its own name point to our address
// (DNS rebinding): the browser takes the two for one origin, and only the Host
// header tells.
//
// Who is no browser is let in as long as it calls the server by a name that is
// its own, so a Guard is no access control: whoever reaches the port may ask.
//
// It is immutable, and safe for concurrent use.
type Guard struct {
	hosts                []string // in lower case; "*.example.com" has all below, "*" is any
	origins              *http.CrossOriginProtection
	anyOrigin            bool
	hostname             string // of this machine
	hostFlag, originFlag string
}

// GuardOptions says what a [Guard] lets in beside what is safe by itself.
type GuardOptions struct {
	// Hosts are names that the server answers to: "telemetry.example.com",
	// "*.example.com" for all names below, "*" for any. Ports do not matter.
	Hosts []string
	// Origins are those of web pages that may ask from elsewhere, such as
	// "https://shop.example.com"; "*" is any.
	Origins []string
	// HostFlag and OriginFlag are what a refusal names as the way to allow a
	// host or an origin, such as a flag of the command line. Empty means Hosts
	// and Origins.
	HostFlag, OriginFlag string
}

// NewGuard returns a Guard, or an error for a host or an origin that is none.
//
// Without a word in Hosts a server answers to IP addresses, whose owner is not
// for DNS to tell, to localhost and what is below it, and where it was not
// reached over loopback also to the machine's own name and to names that the
// public DNS cannot give to anyone: those without a dot, as containers have
// them, and those below internal, local, home.arpa and svc.
func NewGuard(o GuardOptions) (*Guard, error) {
	g := &Guard{
		origins:    http.NewCrossOriginProtection(),
		hostFlag:   cmp.Or(o.HostFlag, "GuardOptions.Hosts"),
		originFlag: cmp.Or(o.OriginFlag, "GuardOptions.Origins"),
	}
	for _, h := range o.Hosts {
		name := hostname(h)
		if name == "" || strings.ContainsAny(strings.TrimPrefix(h, "*"), "*/@ ") {
			return nil, fmt.Errorf("queryapi: %q is no host such as telemetry.example.com or *.example.com", h)
		}
		g.hosts = append(g.hosts, name)
	}
	for _, origin := range o.Origins {
		if origin == "*" {
			g.anyOrigin = true
			continue
		}
		if err := g.origins.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("queryapi: %w", err)
		}
	}
	if name, err := os.Hostname(); err == nil {
		g.hostname = hostname(name)
	}
	return g, nil
}

// Check returns why a request is not to be answered, and what would allow it.
// Such a request is to get the status 403.
func (g *Guard) Check(r *http.Request) error {
	if !g.answersTo(r) {
		host := hostname(r.Host)
		return fmt.Errorf("the host %.100q is not one that this server answers to, lest a web page reach it by a name of its own: allow it with %s %.100s",
			host, g.hostFlag, host)
	}
	if g.anyOrigin || g.origins.Check(asUnsafe(r)) == nil {
		return nil
	}
	if origin := r.Header.Get("Origin"); origin != "" && origin != "null" {
		return fmt.Errorf("a web page of %.100s may not send requests here: allow it with %s %.100[1]s", origin, g.originFlag)
	}
	return errors.New("a web page of another site may not send requests here: allow its origin with " + g.originFlag)
}

// answersTo tells whether the host of a request is ours. One without any
// (HTTP/1.0) is not a browser's.
func (g *Guard) answersTo(r *http.Request) bool {
	host := hostname(r.Host)
	if host == "" || host == "localhost" || strings.HasSuffix(host, ".localhost") || isAddress(host) {
		return true
	}
	if slices.ContainsFunc(g.hosts, func(allowed string) bool { return matches(allowed, host) }) {
		return true
	}
	// Loopback is reached from this machine alone, which calls it as above. A
	// name that a network's own DNS gave would come from outside.
	return !overLoopback(r) && (host == g.hostname || isPrivate(host))
}

func matches(allowed, host string) bool {
	if below, ok := strings.CutPrefix(allowed, "*."); ok {
		return strings.HasSuffix(host, "."+below)
	}
	return allowed == "*" || allowed == host
}

// overLoopback tells whether a request came that way, which it is taken to have
// where that is not known.
func overLoopback(r *http.Request) bool {
	addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return true
	}
	at, err := netip.ParseAddrPort(addr.String())
	return err != nil || at.Addr().Unmap().IsLoopback()
}

// isPrivate tells of names that nobody can register.
func isPrivate(host string) bool {
	if !strings.Contains(host, ".") {
		return true
	}
	for _, suffix := range []string{".internal", ".local", ".home.arpa", ".svc"} {
		if strings.HasSuffix(host, suffix) {
			return true
		}
	}
	return false
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// hostname returns the name or the address in a Host header, in lower case and
// without the dot that may end it.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// asUnsafe returns what the check of origins is to judge. It lets all GETs
// pass, since a page cannot read the answers. But here one may cost a query, or
// be a stream that stays open; who follows a link is let in.
func asUnsafe(r *http.Request) *http.Request {
	link := r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
	if link || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return r
	}
	asked := *r
	asked.Method = http.MethodPost
	return &asked
}
