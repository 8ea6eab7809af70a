package storage

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// Every file name of a data directory; part of the format, never change.
const (
	versionName  = "VERSION"
	versionTemp  = "VERSION.tmp"
	lockName     = "LOCK"
	ringDirName  = "ring" // belongs to package ringbuffer; the store leaves it alone
	manifestName = "MANIFEST"
	manifestTemp = "MANIFEST.tmp"
	// asideSuffix + a number is added to the name of what cannot be read, when
	// something sound has to take its place.
	asideSuffix = ".damaged-"
	partPrefix  = "p-"
	partSuffix  = ".part"
	tempSuffix  = ".tmp"
)

// signalDirs names the directory of each signal.
var signalDirs = [...]struct {
	signal Signal
	name   string
}{
	{otlpwire.Traces, "spans"},
	{otlpwire.Logs, "logs"},
	{otlpwire.Metrics, "metrics"},
}

func signalDir(s Signal) (string, bool) {
	for _, d := range signalDirs {
		if d.signal == s {
			return d.name, true
		}
	}
	return "", false
}

// partName returns the name of a part file: p-, the part's number in 16 hex
// digits, .part. Numbers of a partition only rise and are never used again.
func partName(id uint64) string { return fmt.Sprintf("%s%016x%s", partPrefix, id, partSuffix) }

// parsePartName is the inverse of partName; temp tells that the name is that
// of a part that was still being written.
func parsePartName(name string) (id uint64, temp, ok bool) {
	base, temp := strings.CutSuffix(name, tempSuffix)
	id, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimPrefix(base, partPrefix), partSuffix), 16, 64)
	if err != nil || partName(id) != base {
		return 0, false, false
	}
	return id, temp, true
}

// day is a partition's day, in days since 1970-01-01 UTC.
type day int32

const (
	dayLength     = 24 * time.Hour
	secondsPerDay = int64(dayLength / time.Second)
	dayLayout     = "2006-01-02"
	// invalidDay is where rows go whose timestamp no clock can have meant.
	invalidDay day = 0
	// firstDay and lastDay bound the days that have a partition of their own:
	// 2000-01-01 and 2099-12-31. Without a bound a sender with a broken clock
	// could make a hundred thousand partitions.
	firstDay day = 10957
	lastDay  day = 47481
)

// clampDay returns the partition of rows by the day of their timestamp. It
// depends on nothing else (not on the present time), so that a replay finds
// each row's partition, and with it the watermark, again.
func clampDay(d int32) day {
	if d < int32(firstDay) || d > int32(lastDay) {
		return invalidDay
	}
	return day(d)
}

// String returns the directory name of the day.
func (d day) String() string {
	return time.Unix(int64(d)*secondsPerDay, 0).UTC().Format(dayLayout)
}

// parseDay is the inverse of String for the days that can have a partition.
func parseDay(name string) (day, bool) {
	t, err := time.Parse(dayLayout, name)
	if err != nil {
		return 0, false
	}
	d := day(t.Unix() / secondsPerDay)
	if d.String() != name || (d != invalidDay && (d < firstDay || d > lastDay)) {
		return 0, false
	}
	return d, true
}

// key names a partition.
type key struct {
	signal Signal
	day    day
}

// String returns the partition's path inside the data directory, with slashes.
func (k key) String() string {
	name, _ := signalDir(k.signal)
	return name + "/" + k.day.String()
}

func (k key) compare(o key) int {
	return cmp.Or(cmp.Compare(k.signal, o.signal), cmp.Compare(k.day, o.day))
}
