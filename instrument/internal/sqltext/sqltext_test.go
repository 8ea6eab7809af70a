package sqltext

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAnalyze_Summary(t *testing.T) {
	f := func(query, summary, operation, collection string) {
		t.Helper()
		got := Analyze(query, PostgreSQL)
		if got.Summary != summary || got.Operation != operation || got.Collection != collection {
			t.Errorf("Analyze(%q)\n got %q, %q, %q\nwant %q, %q, %q", query,
				got.Summary, got.Operation, got.Collection, summary, operation, collection)
		}
	}
	f("SELECT 1", "SELECT", "SELECT", "")
	f("select * from users where id = $1", "SELECT users", "SELECT", "users")
	f(`SELECT u.* FROM "public"."users" AS u`, "SELECT public.users", "SELECT", "public.users")
	f("SELECT * FROM songs s, artists a WHERE s.a = a.id", "SELECT songs artists", "SELECT", "")
	f("SELECT * FROM a LEFT JOIN b ON a.x = b.x JOIN c USING (y)", "SELECT a b c", "SELECT", "")
	f("SELECT * FROM (SELECT id FROM orders) o WHERE x", "SELECT SELECT orders", "SELECT", "orders")
	f("SELECT * FROM a WHERE id IN (SELECT id FROM b)", "SELECT a SELECT b", "SELECT", "")
	f("SELECT EXTRACT(YEAR FROM ts) FROM events", "SELECT events", "SELECT", "events")
	f("SELECT a IS DISTINCT FROM b FROM t", "SELECT t", "SELECT", "t")
	f("SELECT * FROM generate_series(1, 10) g", "SELECT", "SELECT", "")
	f("SELECT * FROM t FOR UPDATE", "SELECT t", "SELECT", "t")
	f("SELECT a FROM t UNION ALL SELECT b FROM u", "SELECT t SELECT u", "SELECT", "")
	f("INSERT INTO shipping_details (a) SELECT a FROM orders", "INSERT shipping_details SELECT orders", "INSERT", "")
	f("INSERT INTO t(a) VALUES ($1) ON CONFLICT (a) DO UPDATE SET a = 1", "INSERT t", "INSERT", "t")
	f("INSERT INTO t VALUES (1) RETURNING id", "INSERT t", "INSERT", "t")
	f("UPDATE ONLY accounts SET x = 1 WHERE id = 2", "UPDATE accounts", "UPDATE", "accounts")
	f("DELETE FROM sessions WHERE ts < now()", "DELETE sessions", "DELETE", "sessions")
	f("WITH x AS (SELECT id FROM a), y AS (SELECT 1) SELECT * FROM x JOIN b ON true", "SELECT a SELECT b", "SELECT", "")
	f("WITH x AS (SELECT 1), y AS (SELECT 2) SELECT * FROM x, y", "SELECT", "SELECT", "")
	f("WITH x AS (SELECT id FROM a) SELECT * FROM x", "SELECT a", "SELECT", "a")
	f("WITH x AS (SELECT 1) SELECT * FROM x JOIN b ON true", "SELECT b", "SELECT", "b")
	f("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM t WHERE n < 9) SELECT n FROM t", "SELECT", "SELECT", "")
	f("WITH RECURSIVE t AS (SELECT id FROM emp UNION ALL SELECT e.id FROM emp e JOIN t ON e.boss = t.id) SELECT * FROM t", "SELECT emp SELECT emp", "SELECT", "emp")
	f("WITH x AS (SELECT 1) INSERT INTO r SELECT * FROM x", "SELECT INSERT r", "SELECT", "r")
	f("WITH x AS (SELECT 1) UPDATE t SET a = 1 FROM x", "SELECT UPDATE t", "SELECT", "t")
	f("WITH x AS (SELECT 1) SELECT 1; SELECT 1", "SELECT SELECT", "", "")
	f("WITH RECURSIVE t(n) AS (VALUES (1)) SELECT n FROM t", "SELECT", "SELECT", "")
	f("WITH d AS (DELETE FROM q RETURNING *) INSERT INTO r SELECT * FROM d", "DELETE q INSERT r SELECT", "DELETE", "")
	f("CREATE TABLE IF NOT EXISTS users (id int)", "CREATE TABLE users", "CREATE", "users")
	f("CREATE UNIQUE INDEX i ON t (a)", "CREATE INDEX i", "CREATE", "i")
	f("DROP TABLE users", "DROP TABLE users", "DROP", "users")
	f("TRUNCATE TABLE logs", "TRUNCATE logs", "TRUNCATE", "logs")
	f("CALL do_it(1)", "CALL do_it", "CALL", "do_it")
	f("BEGIN", "BEGIN", "BEGIN", "")
	f("EXPLAIN ANALYZE SELECT * FROM t", "EXPLAIN SELECT t", "EXPLAIN", "t")
	f("GRANT SELECT, INSERT ON t TO u", "GRANT", "GRANT", "")
	f("SELECT 1 FROM a; SELECT 2 FROM b", "SELECT a SELECT b", "", "")
	f("/* who */ -- why\nSELECT 1 FROM t", "SELECT t", "SELECT", "t")
	f("gibberish from users", "", "", "")
	f("", "", "", "")
	f("(SELECT a FROM t)", "SELECT t", "SELECT", "t")
	f("SELECT /*+ hint */ a FROM s . t", "SELECT s.t", "SELECT", "s.t")
	f("MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET a = 1", "MERGE t s", "MERGE", "")
}

func TestAnalyze_Text(t *testing.T) {
	f := func(d Dialect, query, want string) {
		t.Helper()
		if got := Analyze(query, d).Text; got != want {
			t.Errorf("Analyze(%q, %d).Text\n got %q\nwant %q", query, d, got, want)
		}
	}
	f(PostgreSQL, "SELECT 'it''s' , 12, -1.5e+3, 0xFF FROM t1", "SELECT ? , ?, -?, ? FROM t1")
	f(PostgreSQL, `SELECT 'a\' , 'b'`, "SELECT ? , ?")
	f(PostgreSQL, `SELECT E'a\'b', "Col" FROM t`, `SELECT ?, "Col" FROM t`)
	f(PostgreSQL, "SELECT $$secret$$, $x$ a $$ b $x$, $1", "SELECT ?, ?, $1")
	f(PostgreSQL, "SELECT a::text, :name, b[1]", "SELECT a::text, :name, b[?]")
	f(PostgreSQL, "SELECT /* a /* b */ 'c' */ 1", "SELECT ?")
	f(MySQL, `SELECT 'it''s secret', "also"`, "SELECT ?, ?")
	f(MySQL, `SELECT 'it\'s secret', "also"`, "SELECT ?")
	f(MySQL, `SELECT 'C:\' AND b = 'secret'`, "SELECT ?")
	f(MySQL, `SELECT 'a\\', 'b'`, "SELECT ?, ?")
	f(Oracle, `SELECT q'[it's secret]', nq'!it's!', 'a\' FROM t`, "SELECT ?, ?, ? FROM t")
	f(Oracle, `ALTER USER scott IDENTIFIED BY tiger REPLACE "lion" ACCOUNT UNLOCK`, "ALTER USER scott IDENTIFIED BY ? REPLACE ? ACCOUNT UNLOCK")
	f(Other, `SELECT q'[it's secret]' FROM t`, "SELECT ?")
	f(Other, `CREATE USER u PASSWORD Secret1`, "CREATE USER u PASSWORD ?")
	f(Other, "SELECT 5--'a\n' || 'secret'", "SELECT ?")
	f(Other, "SELECT a # 'x\n, secret '", "SELECT a")
	f(Other, "SELECT a /* /* ' */ b ' */ secret '", "SELECT a")
	f(MySQL, "CREATE USER 'a'@'b' IDENTIFIED BY PASSWORD 'secret'", "CREATE USER ?@? IDENTIFIED BY PASSWORD ?")
	f(PostgreSQL, "SELECT password FROM users", "SELECT password FROM users")
	f(ClickHouse, "SELECT 'a\\'b' # secret\nFROM t #! too\nWHERE `a\\`b` = $x$ c $x$", "SELECT ? FROM t WHERE `a\\`b` = ?")
	f(GoogleSQL, `SELECT r'a\'b', "x", '''it's "x"''', rb"""y""", `+"`t`", "SELECT ?, ?, ?, ?, `t`")
	f(SQLServer, `SELECT [a] FROM t WHERE b = "secret"`, "SELECT [a] FROM t WHERE b = ?")
	f(MySQL, "SELECT `a b` FROM t # secret\n WHERE x=1", "SELECT `a b` FROM t WHERE x=?")
	f(MySQL, "SELECT _utf8'x', x'AB', N'y'", "SELECT ?, ?, ?")
	f(MySQL, "SELECT 5--'a\n' || 'secret' FROM t", "SELECT ?--? || ? FROM t")
	f(MySQL, "SELECT 5-- secret\n, a --", "SELECT ? , a")
	f(SQLite, `SELECT "name" FROM t WHERE "name" = "secret"`, `SELECT "name" FROM t WHERE "name" = ?`)
	f(SQLServer, "SELECT [a b] FROM t WHERE x = @p1", "SELECT [a b] FROM t WHERE x = @p1")
	f(Other, `SELECT 'a\'b' `, "SELECT ?")
	f(Other, `SELECT * FROM t WHERE a = 'C:\' AND b = 'secret'`, "SELECT * FROM t WHERE a = ?")
	f(Other, `SELECT "a" FROM t WHERE b = "secret"`, `SELECT ? FROM t WHERE b = ?`)
	f(Other, `SELECT "a" FROM "T" JOIN "s"."u" ON 1`, `SELECT ? FROM "T" JOIN "s"."u" ON ?`)
	f(Other, `SELECT 'a\\' FROM t`, "SELECT ? FROM t")
	f(Other, "SELECT 'never closed", "SELECT ?")
	f(Other, "SELECT 1 -- password\n", "SELECT ?")
	f(Other, "SELECT * FROM t WHERE a IN (1, 2, 'x') AND b IN ($1,$2)", "SELECT * FROM t WHERE a IN (?) AND b IN (?)")
	f(Other, "SELECT * FROM t WHERE a IN (SELECT 1)", "SELECT * FROM t WHERE a IN (SELECT ?)")
	f(Other, "SELECT * FROM t WHERE a IN (f(1), 2)", "SELECT * FROM t WHERE a IN (f(?), ?)")
	f(Other, "SELECT  *\n\tFROM   t", "SELECT * FROM t")
	f(Other, "SELECT .5, t.a, t1.2", "SELECT ?, t.a, t1.?")
}

func TestAnalyze_HostileInputIsBounded(t *testing.T) {
	for _, q := range []string{
		"SELECT * FROM " + strings.Repeat("(", 100_000),
		strings.Repeat("SELECT a FROM t;", 100_000),
		"SELECT " + strings.Repeat("'x',", 100_000),
		"SELECT * FROM t WHERE a IN (" + strings.Repeat("1,", 100_000) + "1)",
		"SELECT * FROM " + strings.Repeat("x", 100_000),
		"SELECT * FROM " + strings.Repeat("x.", 100_000),
		"WITH " + strings.Repeat("a,", 100_000),
		"\xff\xfe SELECT \xff FROM \xff",
		strings.Repeat("\x00", 1000),
	} {
		st := Analyze(q, Other)
		if len(st.Text) > maxTextBytes+3 || len(st.Raw) > maxTextBytes+3 || len(st.Summary) > maxSummaryBytes {
			t.Errorf("Analyze(%.20q): text %d, raw %d, summary %d bytes", q, len(st.Text), len(st.Raw), len(st.Summary))
		}
		if !utf8.ValidString(st.Text + st.Raw + st.Summary + st.Collection) {
			t.Errorf("Analyze(%.20q): invalid UTF-8", q)
		}
	}
}

func TestCache_StaysWithinLimits(t *testing.T) {
	var c Cache[Statement]
	analyze := func(q string) Statement { return Analyze(q, Other) }
	total := func() (n int) {
		for _, entries := range []map[string]Statement{c.whole, c.cut} {
			for k := range entries {
				n += size(k)
			}
		}
		return n
	}
	for i := range 6000 {
		c.Get("SELECT "+strings.Repeat("a", i%3000)+strconv.Itoa(i), analyze)
		c.Get("SELECT "+strconv.Itoa(i)+strings.Repeat("a", maxScanBytes), analyze)
	}
	if got := total(); got != c.bytes || got > maxCacheBytes || got < maxCacheBytes/2 {
		t.Errorf("holds %d bytes and counts %d, the limit is %d", got, c.bytes, maxCacheBytes)
	}
}

// TestCache_OfListsAndLongQueries asserts that what programs send again and
// again is analyzed once: lists of values of every length, and a query that is
// longer than what is read of it.
func TestCache_OfListsAndLongQueries(t *testing.T) {
	var c Cache[Statement]
	calls := 0
	analyze := func(q string) Statement { calls++; return Analyze(q, PostgreSQL) }
	long := "INSERT INTO t VALUES " + strings.Repeat("(?, ?, ?), ", 4000)
	for range 2 {
		for n := range 1000 {
			st := c.Get("SELECT a FROM t WHERE b IN ("+strings.Repeat("$1, ", n)+"$1)", analyze)
			if st.Summary != "SELECT t" {
				t.Fatal(st)
			}
		}
		for i := range 3 {
			st := c.Get(long+strings.Repeat("(?)", i), analyze)
			if st.Summary != "INSERT t" || !strings.HasSuffix(st.Text, "...") || !strings.HasSuffix(st.Raw, "...") {
				t.Fatal(st)
			}
		}
	}
	if calls != 1001 {
		t.Errorf("analyzed %d times, want 1001", calls)
	}
}

func FuzzAnalyze(f *testing.F) {
	f.Add("SELECT a FROM b WHERE c = 'secret' AND d IN (1,2)", byte(0))
	f.Add(`WITH x AS (SELECT "a" FROM [b]) INSERT INTO c SELECT $$x$$, E'\'' -- '`, byte(1))
	f.Add("UPDATE `t` SET a = 0x1F /* ' */ # \n WHERE b = :x::text", byte(2))
	f.Fuzz(func(t *testing.T, query string, d byte) {
		st := Analyze(query, Dialect(d%byte(GoogleSQL+1)))
		if !utf8.ValidString(st.Text) || !utf8.ValidString(st.Summary) || !utf8.ValidString(st.Raw) {
			t.Fatalf("invalid UTF-8 out of %q", query)
		}
		if len(st.Summary) > maxSummaryBytes || len(st.Text) > maxTextBytes+3 {
			t.Fatalf("too long: summary %d, text %d", len(st.Summary), len(st.Text))
		}
		// A literal in front of anything never shows.
		const secret = "s3cr3tv4lue"
		if strings.Contains(query, "s3cr3t") || len(query) > maxTextBytes/2 {
			return
		}
		if st = Analyze("SELECT '"+secret+"' "+query, Dialect(d%byte(GoogleSQL+1))); strings.Contains(st.Text+st.Summary, secret) {
			t.Fatalf("literal shows: %q", st.Text)
		}
	})
}

func BenchmarkCache_Long(b *testing.B) {
	var c Cache[Statement]
	q := "INSERT INTO t VALUES " + strings.Repeat("(?, ?, ?), ", 36<<10/11)
	b.ReportAllocs()
	for b.Loop() {
		c.Get(q, func(q string) Statement { return Analyze(q, PostgreSQL) })
	}
}

func BenchmarkAnalyze(b *testing.B) {
	const q = "SELECT id, name, total FROM orders JOIN users ON users.id = orders.user_id WHERE orders.id = 42 AND name = 'x'"
	b.ReportAllocs()
	b.SetBytes(int64(len(q)))
	for b.Loop() {
		Analyze(q, PostgreSQL)
	}
}
