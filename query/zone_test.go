package query

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/ttlog/ttlog/query/sql"
	"github.com/ttlog/ttlog/query/types"
)

func mustZone(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := types.LoadZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// TestEngine_In asks in a time zone: literals are the time there, and so is
// what is shown and cut down.
func TestEngine_In(t *testing.T) {
	src := manySpans(1) // at 2024-01-02T00:00:00Z
	berlin := testEngine(src).In(mustZone(t, "Europe/Berlin"))
	for sql, want := range map[string]string{
		"SELECT timestamp, now(), timestamp::string, timestamp || '' FROM spans":                               "2024-01-02T01:00:00+01:00|2024-01-02T01:00:00+01:00|2024-01-02T01:00:00.000000000+01:00|2024-01-02T01:00:00.000000000+01:00",
		"SELECT count(*) FROM spans WHERE timestamp = '2024-01-02 01:00' AND timestamp >= DATE '2024-01-02'":   "1",
		"SELECT count(*) FROM spans WHERE timestamp IN ('2024-01-02 01:00', TIMESTAMP '2024-01-02T00:00:00Z')": "1",
		"SELECT '2024-07-01 12:00'::timestamp AT TIME ZONE 'UTC'":                                              "2024-07-01T10:00:00Z",
		"SELECT date_trunc('month', timestamp), time_bucket(1d, timestamp, 'UTC') FROM spans":                  "2024-01-01T00:00:00+01:00|2024-01-02T00:00:00Z",
		"SELECT date_part('hour', timestamp), date_part('hour', timestamp, 'Asia/Tokyo') FROM spans":           "1|9",
		"SELECT topk(1, timestamp), max(timestamp), coalesce(timestamp, 1) FROM spans":                         `[{"value":"2024-01-02T01:00:00.000000000+01:00","count":1}]|2024-01-02T01:00:00+01:00|2024-01-02T01:00:00+01:00`,
		"SELECT TIMESTAMP '2024-07-31 00:00' + INTERVAL '7 months'":                                            "2025-02-28T00:00:00+01:00",
	} {
		if strings.Contains(sql, "topk") {
			sql = strings.Replace(sql, "coalesce(timestamp, 1)", "any(coalesce(timestamp, 1))", 1)
		}
		r, err := berlin.Query(t.Context(), sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
		} else if got := render(r); got != want {
			t.Errorf("%s: got %s, want %s", sql, got, want)
		}
	}
	r, err := berlin.Query(t.Context(), "SELECT timestamp, timestamp AT TIME ZONE 'UTC', service FROM spans")
	if err != nil {
		t.Fatal(err)
	}
	if r.Columns[0].Zone != "Europe/Berlin" || r.Columns[1].Zone != "" || r.Columns[2].Zone != "" {
		t.Errorf("got columns %+v, want one in Europe/Berlin", r.Columns)
	}
}

func TestBuckets_Zones(t *testing.T) {
	for _, name := range []string{
		"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Havana", "Asia/Kathmandu", "Asia/Tehran", "Pacific/Apia", "+05:30",
	} {
		zone := mustZone(t, name)
		for unit, f := range map[string]types.BucketOf{
			"30m": types.FixedBuckets(30*60e9, zone), "1h": types.FixedBuckets(3600e9, zone), "2h": types.FixedBuckets(2*3600e9, zone), "12h": types.FixedBuckets(12*3600e9, zone),
			"1d": types.FixedBuckets(24*3600e9, zone), "day": types.DateBuckets("day", zone), "week": types.DateBuckets("week", zone), "month": types.MonthBuckets(1, zone),
		} {
			end := int64(0)
			for at := time.Date(2011, 1, 1, 0, 0, 0, 0, zone); at.Year() < 2012; at = at.Add(20 * time.Minute) {
				ns := at.UnixNano()
				lo, hi, ok := f(ns)
				if !ok || lo > ns || hi < ns {
					t.Fatalf("%s %s: %s is in [%d, %d], %t", name, unit, at, lo, hi, ok)
				}
				if ns > end && end != 0 && lo != end+1 {
					t.Fatalf("%s %s: %s: a bucket ends at %s, the next begins at %s", name, unit, at,
						time.Unix(0, end).In(zone), time.Unix(0, lo).In(zone))
				}
				if ns <= end && hi != end {
					t.Fatalf("%s %s: %s: the bucket ends at %s and at %s", name, unit, at, time.Unix(0, end).In(zone), time.Unix(0, hi).In(zone))
				}
				end = hi
				first := time.Unix(0, lo).In(zone)
				if before := first.Add(-1); unit == "day" && (before.Day() == first.Day() || before.Day() == at.Day() || first.Day() != at.Day()) {
					t.Fatalf("%s: the day of %s begins at %s", name, at, first)
				}
			}
		}
	}
}

func TestQuery_ListParameters(t *testing.T) {
	var doc map[string]any
	if err := json.Unmarshal([]byte(`{"names":["name 3","name 4"],"none":[],"mixed":[1,null],"nested":[[1]],"one":"name 3"}`), &doc); err != nil {
		t.Fatal(err)
	}
	e := testEngine(manySpans(10))
	for sql, want := range map[string]string{
		"SELECT count(*) FROM spans WHERE name IN (:names)":               "2",
		"SELECT count(*) FROM spans WHERE name IN :names":                 "2",
		"SELECT count(*) FROM spans WHERE name NOT IN (:names, 'name 5')": "7",
		"SELECT count_if(name IN (:none)), count_if(name NOT IN :none), NULL IN (:none), 2 IN (:mixed), 1.0 IN (:mixed), 1 NOT IN (:mixed, :mixed) FROM spans": "0|10|false|NULL|true|false",
		"SELECT count(*) FROM spans WHERE name IN (:one, lower(name)) AND service IN ('svc', :names)":                                                          "10",
	} {
		r, err := e.Query(t.Context(), sql, doc)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
		} else if got := render(r); got != want {
			t.Errorf("%s: got %s, want %s", sql, got, want)
		}
	}
	for sql, want := range map[string]string{
		"SELECT :names":                        "line 1, column 8: parameter names is a list, which can only stand in IN (…)",
		"SELECT 1 = :none":                     "line 1, column 12: parameter none is a list",
		"SELECT 1 IN (:nested)":                "line 1, column 14: element 1: parameter nested is a list",
		"SELECT name IN (:missing) FROM spans": "line 1, column 17: parameter missing was not given",
		"SELECT kind IN (:names) FROM spans":   "line 1, column 17: :names is no kind",
		"SELECT name FROM spans LIMIT :names":  "parameter names is a list",
	} {
		if _, err := e.Query(t.Context(), sql, doc); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want %s", sql, err, want)
		}
	}
	r, err := e.Query(t.Context(), "SELECT count(*) FROM spans WHERE duration IN ($1) AND name IN ($2)", []time.Duration{1, 2, 3}, []string{"name 9", "name 8"})
	if err != nil || len(r.Rows) != 1 {
		t.Errorf("Go slices: %v, %v", r, err)
	}
	if _, err := e.Query(t.Context(), "SELECT 1 IN ($1)", make([]int, sql.MaxExprs+1)); err == nil || !strings.Contains(err.Error(), "the limit is 100000") {
		t.Errorf("a list that is too long: got error %v", err)
	}
}
