// Package redact takes secrets out of what is shown: logs, errors, metrics and
// names. A URL may hold them as its user, its password and in its query.
package redact

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
)

// mask stands where a secret was.
const mask = "***"

// URL returns an address without its secrets. A user goes as well as a password:
// many services take a token for one. What has no secrets is returned as it is,
// so that the result may serve as the name of the address.
func URL(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || strings.Contains(u.Fragment, "@") {
		return cut(address)
	}
	shown := u.Scheme + "://"
	if u.User != nil {
		shown += mask + "@"
	}
	shown += u.Host + u.EscapedPath()
	if u.RawQuery != "" {
		shown += "?" + maskValues(u.RawQuery)
	}
	return shown
}

// cut takes from what is no URL all that may be a user, a password or a query.
func cut(address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	if ok {
		scheme += "://"
	} else {
		scheme, rest = "", address
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = mask + rest[at:]
	}
	if i := strings.IndexAny(rest, "?#"); i >= 0 {
		rest = rest[:i+1] + mask
	}
	return scheme + rest
}

// maskValues keeps the names of a query. What has no name is all secret.
func maskValues(query string) string {
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		if name, _, ok := strings.Cut(pair, "="); ok {
			pairs[i] = name + "=" + mask
		} else {
			pairs[i] = mask
		}
	}
	return strings.Join(pairs, "&")
}

// addresses finds what may be a URL within a text.
var addresses = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>]+`)

// Text returns a text in which no URL has secrets.
func Text(text string) string {
	if !strings.Contains(text, "://") {
		return text
	}
	return addresses.ReplaceAllStringFunc(text, URL)
}

var errSecret = errors.New("a letter in its user, its password or its query has a meaning in URLs; it is written as % and two digits")

// Parse is url.Parse with an error that shows nothing secret: what does not parse
// may be a password.
func Parse(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err == nil {
		return u, nil
	}
	var parsing *url.Error
	if _, err = url.Parse(URL(address)); errors.As(err, &parsing) {
		return nil, parsing.Err // about what is shown anyway
	}
	return nil, errSecret
}
