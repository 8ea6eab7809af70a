// Package sqlsystem tells which database a driver speaks to.
package sqlsystem

import (
	"database/sql/driver"
	"reflect"
	"strings"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// systems maps a part of a driver's name, or of the import path of its type, to
// db.system.name. The first match wins, so the longer parts come first.
var systems = []struct{ part, system string }{
	{"cockroach", "cockroachdb"},
	{"postgres", "postgresql"},
	{"pgx", "postgresql"},
	{"lib/pq", "postgresql"},
	{"mariadb", "mariadb"},
	{"mysql", "mysql"},
	{"sqlite", "sqlite"},
	{"sqlserver", "microsoft.sql_server"},
	{"mssql", "microsoft.sql_server"},
	{"clickhouse", "clickhouse"},
	{"godror", "oracle.db"},
	{"go-ora", "oracle.db"},
	{"oracle", "oracle.db"},
	{"spanner", "gcp.spanner"},
	{"trino", "trino"},
	{"redshift", "aws.redshift"},
	{"firebird", "firebirdsql"},
	{"go-hdb", "sap.hana"},
	{"hdb", "sap.hana"},
	{"cassandra", "cassandra"},
}

// Of returns db.system.name for a driver.
func Of(name string, d driver.Driver) string {
	candidates := []string{strings.ToLower(name)}
	if t := reflect.TypeOf(d); t != nil {
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		candidates = append(candidates, strings.ToLower(t.PkgPath()))
	}
	for _, c := range candidates {
		for _, s := range systems {
			if strings.Contains(c, s.part) {
				return s.system
			}
		}
	}
	return semconv.DBSystemNameOtherSQL.Value.AsString()
}
