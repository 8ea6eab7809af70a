package sqlsystem

import "testing"

func TestOf(t *testing.T) {
	for name, want := range map[string]string{
		"postgres": "postgresql", "pgx": "postgresql", "pgx/v5": "postgresql", "mysql": "mysql", "sqlite": "sqlite", "sqlite3": "sqlite",
		"sqlserver": "microsoft.sql_server", "clickhouse": "clickhouse", "cockroachdb-postgres": "cockroachdb", "mine": "other_sql",
	} {
		if got := Of(name, nil); got != want {
			t.Errorf("Of(%q) = %q, want %q", name, got, want)
		}
	}
}
