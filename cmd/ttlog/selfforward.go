package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/ttlog/ttlog/internal/redact"
)

// lookupTimeout bounds how long a start waits for the address of a collector.
// One that is not told by then is not refused; a circle is found when the first
// request comes back, see internal/hops.
const lookupTimeout = 2 * time.Second

// notToSelf refuses to forward to what this process itself listens on: every
// record would come back and be stored again, without an end.
func notToSelf(ctx context.Context, c config) error {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	for _, endpoint := range c.forward {
		u, err := redact.Parse(endpoint)
		if err != nil {
			return err
		}
		for _, listens := range []string{c.addr, c.otlpGRPC, c.otlpHTTP} {
			if isSame(ctx, u, listens) {
				return fmt.Errorf("%s is this ttlog itself, which listens on %s: everything would be stored again and again", redact.URL(endpoint), listens)
			}
		}
	}
	return nil
}

// isSame tells whether what listens on an address is reached by a URL.
func isSame(ctx context.Context, u *url.URL, listens string) bool {
	host, port, err := net.SplitHostPort(listens)
	if err != nil || port == "0" || port != portOf(u) {
		return false
	}
	for _, to := range addresses(ctx, u.Hostname()) {
		// Who connects to 0.0.0.0 gets to loopback.
		to = to.Unmap()
		for _, at := range addresses(ctx, host) {
			at = at.Unmap()
			if to == at || at.IsUnspecified() && isOwn(to) || to.IsUnspecified() && at.IsLoopback() {
				return true
			}
		}
	}
	return false
}

// portOf returns the port of an endpoint, or the one that its scheme means.
func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case strings.HasPrefix(u.Scheme, "grpc"):
		return "4317"
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// addresses returns those of a host. The name of this machine has them all, what
// ever a resolver says of it, and no host is every one.
func addresses(ctx context.Context, host string) []netip.Addr {
	if host == "" {
		return []netip.Addr{netip.IPv4Unspecified()}
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}
	}
	addrs, _ := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if name, err := os.Hostname(); err == nil && strings.EqualFold(host, name) {
		addrs = append(addrs, own()...)
	}
	return addrs
}

func isOwn(addr netip.Addr) bool {
	return addr.IsLoopback() || addr.IsUnspecified() || slices.Contains(own(), addr.WithZone(""))
}

// own returns the addresses of this machine's interfaces.
func own() (addrs []netip.Addr) {
	all, _ := net.InterfaceAddrs()
	for _, a := range all {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil {
			addrs = append(addrs, prefix.Addr().Unmap())
		}
	}
	return addrs
}
