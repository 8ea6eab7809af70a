package ttlogsql

import "github.com/ttlog/ttlog/instrument/internal/sqltext"

func dialectOf(system string) sqltext.Dialect {
	switch system {
	case "postgresql", "cockroachdb", "aws.redshift":
		return sqltext.PostgreSQL
	case "mysql", "mariadb":
		return sqltext.MySQL
	case "sqlite":
		return sqltext.SQLite
	case "microsoft.sql_server":
		return sqltext.SQLServer
	case "oracle.db":
		return sqltext.Oracle
	case "clickhouse":
		return sqltext.ClickHouse
	case "gcp.spanner":
		return sqltext.GoogleSQL
	}
	return sqltext.Other
}
