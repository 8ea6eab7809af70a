package ttlogsql

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestParseDSN(t *testing.T) {
	f := func(system, dsn, namespace, address string, port int) {
		t.Helper()
		if got, want := parseDSN(system, dsn), (location{namespace, address, port}); got != want {
			t.Errorf("parseDSN(%q) = %+v, want %+v", dsn, got, want)
		}
	}
	f("postgresql", "postgres://u:p@db.test:5433/shop?sslmode=disable", "shop", "db.test", 5433)
	f("postgresql", "postgres://u:p@a:1,b:2/shop", "shop", "", 0)
	f("postgresql", "postgres:///shop?host=/run/pg", "shop", "/run/pg", 0)
	f("postgresql", `host=db.test port=5432 user=u password='a b\'c=d' dbname=shop`, "shop", "db.test", 5432)
	f("mysql", "u:p@ss/w@rd@tcp(db.test:3306)/shop?parseTime=true", "shop", "db.test", 3306)
	f("mysql", "u@unix(/run/mysqld.sock)/shop", "shop", "/run/mysqld.sock", 0)
	f("mysql", "/shop", "shop", "", 0)
	f("mysql", "u@tcp([::1]:3306)/", "", "::1", 3306)
	f("sqlite", "file:/home/bob/shop.db?mode=ro", "shop.db", "", 0)
	f("sqlite", ":memory:", "", "", 0)
	f("sqlite", "file::memory:?cache=shared", "", "", 0)
	f("microsoft.sql_server", "sqlserver://u:p@db.test:1433?database=shop", "shop", "db.test", 1433)
	f("other_sql", "whatever", "", "", 0)
	f("postgresql", "postgres://%zz", "", "", 0)
}

func FuzzParseDSN(f *testing.F) {
	f.Add("postgresql", "postgres://u:s3cr3tpw@db.test/shop?host=x")
	f.Add("postgresql", `host=a password='s3cr3tpw' dbname=b\`)
	f.Add("mysql", "u:s3cr3tpw@tcp(h:1)/db?x=y")
	f.Add("sqlite", "file:a/b?c")
	f.Fuzz(func(t *testing.T, system, dsn string) {
		for _, a := range parseDSN(system, dsn).attributes() {
			if len(a.Value.String()) > maxDSNValueBytes+3 {
				t.Errorf("%s is too long", a.Key)
			}
		}
	})
}

type (
	stateError  struct{}
	numberError struct{}
	codeError   struct{}
	MySQLError  struct{ Number uint16 }
)

func (stateError) Error() string          { return "" }
func (stateError) SQLState() string       { return "23505" }
func (numberError) Error() string         { return "" }
func (numberError) SQLErrorNumber() int32 { return 208 }
func (codeError) Error() string           { return "" }
func (codeError) Code() int               { return 2067 }
func (*MySQLError) Error() string         { return "" }

func TestStatusOf(t *testing.T) {
	for want, err := range map[string]error{
		"23505": fmt.Errorf("insert: %w", stateError{}), "208": numberError{}, "2067": codeError{},
		"1062": fmt.Errorf("insert: %w", &MySQLError{1062}), "": errors.New(strings.Repeat("x", 10)),
	} {
		if got := statusOf(err); got != want {
			t.Errorf("statusOf(%T) = %q, want %q", err, got, want)
		}
	}
	if got := statusOf((*MySQLError)(nil)); got != "" {
		t.Errorf("statusOf of a nil pointer = %q", got)
	}
}
