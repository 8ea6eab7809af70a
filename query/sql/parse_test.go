package sql

import (
	"errors"
	"strings"
	"testing"

	"github.com/ttlog/ttlog/query/plan"
)

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"SELECT 1", "select a, b as c from spans where x = 'y' and not z > 1.5s or -q::int in (1,2) order by 1 desc nulls last limit 3 offset 4;",
		"SELECT span_id, duration, error FROM traces WHERE service = 'api' AND duration > 1000ms AND timestamp > now() - 1h ORDER BY duration DESC;",
		`select t."a b", attributes['x'], case a when 1 then 2 else 3 end, cast(x as float), count(distinct y) filter (where z is not null) from (select * from logs) t group by 1 having count(*) between 1 and - -2`,
		"select timestamp '2024-01-01', interval '1 hour', - - 5, -9223372036854775808, a not like 'b' is not true, $1, :x, 1e300*1e-7",
		"select timestamp at time zone 'Europe/Berlin' at time zone $1, -x::int at time zone :z, interval '1 month 2 days' at, date '2024-01-01' + interval '1 year'",
		"select a like 'b!%' escape '!' escape, x not ilike $1 escape $2 and y in $1 or y not in :list, count(distinct a, b), z in ($1, :x)",
		"select row_number() over (), sum(x) filter (where y) over (partition by a, b order by c desc nulls first rows between 1 preceding and unbounded following) over, rate(v) over (order by t range 5m preceding) from (select 1 over)",
		"select [], [1, 'x', [a]], array_contains([1], x) from spans where has_child(y = [1])",
		"select time_bucket(1m, t) fill, count(*) from spans group by fill fill(- 1) having 1 = 1",
		"select 1 from spans group by a, b fill ( linear )",
		"with a as (select 1 x), \"B\" as (select * from a) select s.*, \"q r\".*, s.attributes['k'] from spans s left outer join (select 1) as \"q r\" on s.x = a.y and exists (select 1 from b where b.x = s.y), unnest(s.events) e left semi join logs l on l.x = e.x left anti join a on 1 = 1 cross join a",
		"select x in (select y from z union all select 2 order by 1 limit 3), not exists (with t as (select 1) select * from t), -(select 1)::int + 2, x not in (select 1) from spans union all select 1 union all select 2 limit 1 offset 2",
		"delete from spans s where s.x = 1 and y in ($1, :z);",
		"explain analyze select distinct x from logs -- c\n/* d */",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		st, err := Parse(sql)
		if err != nil {
			if _, ok := errors.AsType[*plan.Error](err); !ok {
				t.Fatalf("error of type %T: %v", err, err)
			}
			return
		}
		text := st.String()
		again, err := Parse(text)
		if err != nil {
			t.Fatalf("%q printed as %q, which does not parse: %v", sql, text, err)
		}
		if got := again.String(); got != text {
			t.Fatalf("%q printed as %q, then as %q", sql, text, got)
		}
	})
}

func TestParse_HostileNesting(t *testing.T) {
	for name, sql := range map[string]string{
		"parens":   "SELECT " + strings.Repeat("(", 100_000),
		"not":      "SELECT " + strings.Repeat("NOT ", 100_000) + "1",
		"minus":    "SELECT " + strings.Repeat("- ", 100_000) + "1",
		"case":     "SELECT " + strings.Repeat("CASE ", 100_000),
		"select":   strings.Repeat("SELECT * FROM (", 50_000),
		"chain":    "SELECT 1" + strings.Repeat("+1", 100_000),
		"or":       "SELECT 1" + strings.Repeat(" OR 1", 100_000),
		"list":     "SELECT 1 IN (1" + strings.Repeat(",1", 200_000) + ")",
		"cast":     "SELECT 1" + strings.Repeat("::int", 100_000),
		"too long": strings.Repeat(" ", maxQueryBytes+1),
	} {
		if _, err := Parse(sql); !errors.As(err, new(*plan.Error)) {
			t.Errorf("%s: got error %v, want an *Error", name, err)
		}
	}
}
