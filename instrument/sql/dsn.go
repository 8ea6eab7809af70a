package ttlogsql

import (
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/ttlog/ttlog/instrument/internal/attrtext"
)

// maxDSNValueBytes bounds a value taken from a data source name.
const maxDSNValueBytes = 255

// location is where a database is. Nothing else is read from a data source
// name: the rest of it holds secrets.
type location struct {
	namespace, address string
	port               int
}

// parseDSN reads what it can; what it does not understand gives an empty
// location.
func parseDSN(system, dsn string) location {
	if dsn == "" {
		return location{}
	}
	if i := strings.Index(dsn, "://"); i > 0 && !strings.ContainsAny(dsn[:i], ":@/ =") {
		return parseURL(system, dsn)
	}
	switch system {
	case "postgresql", "cockroachdb", "aws.redshift":
		return parseKeyValue(dsn)
	case "mysql", "mariadb":
		return parseMySQL(dsn)
	case "sqlite":
		return parseSQLite(dsn)
	}
	return location{}
}

func parseURL(system, dsn string) (l location) {
	u, err := url.Parse(dsn)
	if err != nil {
		return l
	}
	if system == "sqlite" {
		return parseSQLite(dsn)
	}
	l.namespace = strings.TrimPrefix(u.Path, "/")
	if system == "microsoft.sql_server" {
		l.namespace = u.Query().Get("database")
	}
	if !strings.Contains(u.Host, ",") { // several hosts: which one is not known here
		l.address = u.Hostname()
		l.port, _ = strconv.Atoi(u.Port())
	}
	if host := u.Query().Get("host"); l.address == "" && host != "" {
		l.address = host // a unix socket, in PostgreSQL
	}
	return l
}

// parseKeyValue reads PostgreSQL's "host=a port=5432 dbname='b c'".
func parseKeyValue(dsn string) (l location) {
	for len(dsn) > 0 {
		key, rest, ok := strings.Cut(dsn, "=")
		if !ok {
			return l
		}
		var value string
		value, dsn = keyValue(strings.TrimLeft(rest, " \t\n"))
		switch strings.TrimSpace(key) {
		case "host":
			if !strings.Contains(value, ",") {
				l.address = value
			}
		case "port":
			l.port, _ = strconv.Atoi(value)
		case "dbname", "database":
			l.namespace = value
		}
	}
	return l
}

// keyValue cuts one value off, quoted or not; a backslash takes the next byte.
func keyValue(s string) (value, rest string) {
	quoted := strings.HasPrefix(s, "'")
	if quoted {
		s = s[1:]
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case quoted && c == '\'', !quoted && (c == ' ' || c == '\t' || c == '\n'):
			return b.String(), s[i+1:]
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}

// parseMySQL reads "user:password@tcp(host:3306)/name?options". The password
// may hold any byte, so it is read from the end.
func parseMySQL(dsn string) (l location) {
	slash := strings.LastIndexByte(dsn, '/')
	if slash < 0 {
		return l
	}
	l.namespace, _, _ = strings.Cut(dsn[slash+1:], "?")
	if name, err := url.PathUnescape(l.namespace); err == nil {
		l.namespace = name
	}
	server := dsn[:slash]
	if at := strings.LastIndexByte(server, '@'); at >= 0 {
		server = server[at+1:]
	}
	network, address, ok := strings.Cut(server, "(")
	if !ok {
		return l
	}
	address = strings.TrimSuffix(address, ")")
	if network == "unix" {
		l.address = address
		return l
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		l.address = address
		return l
	}
	l.address = host
	l.port, _ = strconv.Atoi(port)
	return l
}

// parseSQLite takes the file's name without its folder, which would tell where
// on the machine it is.
func parseSQLite(dsn string) (l location) {
	path, _, _ := strings.Cut(strings.TrimPrefix(dsn, "file:"), "?")
	if path == "" || strings.HasPrefix(path, ":memory:") {
		return l
	}
	l.namespace = filepath.Base(path)
	return l
}

func (l location) attributes() []attribute.KeyValue {
	var attrs []attribute.KeyValue
	if l.namespace != "" {
		attrs = append(attrs, semconv.DBNamespace(attrtext.Clean(l.namespace, maxDSNValueBytes)))
	}
	if l.address != "" {
		attrs = append(attrs, semconv.ServerAddress(attrtext.Clean(l.address, maxDSNValueBytes)))
		if l.port > 0 && l.port < 1<<16 {
			attrs = append(attrs, semconv.ServerPort(l.port))
		}
	}
	return attrs
}
