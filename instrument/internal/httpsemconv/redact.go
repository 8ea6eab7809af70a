package httpsemconv

import (
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/ttlog/ttlog/internal/guard"
)

const redacted = "REDACTED"

// secretKeys are query parameters (lower case) whose values never leave the
// process: the ones the convention names, and the usual names of credentials.
var secretKeys = map[string]bool{
	"awsaccesskeyid": true, "signature": true, "sig": true, "x-goog-signature": true,
	"x-goog-credential": true, "x-amz-signature": true, "x-amz-credential": true, "x-amz-security-token": true,
	"token": true, "access_token": true, "refresh_token": true, "id_token": true, "session_token": true,
	"auth": true, "authorization": true, "jwt": true, "api_key": true, "apikey": true, "api-key": true,
	"password": true, "passwd": true, "pwd": true, "secret": true, "client_secret": true, "private_key": true,
	"credential": true, "credentials": true,
}

// Redactor removes secrets from URLs. The zero value removes the known ones.
type Redactor struct {
	extra map[string]bool // lower-case keys beside secretKeys; never changed after NewRedactor
}

// NewRedactor returns a redactor that also hides the values of keys, compared
// without regard to case.
func NewRedactor(keys []string) Redactor {
	if len(keys) == 0 {
		return Redactor{}
	}
	extra := make(map[string]bool, len(keys))
	for _, k := range keys {
		extra[strings.ToLower(k)] = true
	}
	return Redactor{extra: extra}
}

func (d Redactor) secret(key string) bool {
	if strings.ContainsAny(key, "%+") {
		// A server decodes the key before it reads it, so decode it here too.
		if k, err := url.QueryUnescape(key); err == nil {
			key = k
		}
	}
	key = strings.ToLower(key)
	return secretKeys[key] || d.extra[key]
}

// Query returns raw with the values of secret keys replaced. Everything else,
// malformed pairs included, stays as it is.
func (d Redactor) Query(raw string) string {
	var b strings.Builder
	changed, done := false, 0
	for start := 0; start < len(raw); {
		end := start + strings.IndexAny(raw[start:], "&;")
		if end < start {
			end = len(raw)
		}
		if key, value, ok := strings.Cut(raw[start:end], "="); ok && value != "" && d.secret(key) {
			b.WriteString(raw[done : start+len(key)+1])
			b.WriteString(redacted)
			done, changed = end, true
		}
		start = end + 1
	}
	if !changed {
		return raw
	}
	b.WriteString(raw[done:])
	return b.String()
}

// URL returns u as text for url.full: user information replaced, secret query
// values replaced, also in a fragment that is shaped like a query.
func (d Redactor) URL(u *url.URL) string {
	if u == nil {
		return ""
	}
	query := d.Query(u.RawQuery)
	at := strings.LastIndexByte(u.Opaque, '@')
	if u.User == nil && at < 0 && u.Fragment == "" && query == u.RawQuery {
		return u.String()
	}
	c := *u
	c.RawQuery = query
	if at >= 0 {
		// "http:user:password@host": nothing in it has been taken apart.
		c.Opaque = redacted + u.Opaque[at:]
	}
	if c.Fragment != "" {
		c.Fragment, c.RawFragment = d.Query(c.Fragment), ""
	}
	if c.User != nil {
		if _, ok := c.User.Password(); ok {
			c.User = url.UserPassword(redacted, redacted)
		} else {
			c.User = url.User(redacted)
		}
	}
	return c.String()
}

// Error returns the message of err with the secrets taken out of the URLs that
// a [url.Error] repeats.
func (d Redactor) Error(err error) string {
	return guard.Text(err, func() string { return d.message(err) })
}

func (d Redactor) message(err error) string {
	text := err.Error()
	for u, ok := errors.AsType[*url.Error](err); ok; u, ok = errors.AsType[*url.Error](u.Err) {
		safe := redacted
		if parsed, err := url.Parse(u.URL); err == nil {
			safe = d.URL(parsed)
		}
		text = strings.ReplaceAll(text, strconv.Quote(u.URL), strconv.Quote(safe))
	}
	return text
}
