package membudget

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
)

// appDefault is what ttlog takes of an application at most, unless told otherwise.
const appDefault = 64 << 20

// ForDaemon returns the budget of a process that does nothing else: what
// GOMEMLIMIT says, or three quarters of what the control group allows, since
// the pages of the ring count there too; else a quarter of the memory.
func ForDaemon() int64 {
	if n := goLimit(); n > 0 {
		return max(n, Min)
	}
	if n := cgroupLimit("/"); n > 0 {
		return max(n/4*3, Min)
	}
	return max(totalMemory("/")/4, 4*Min)
}

// ForApplication returns the budget of ttlog as a guest: 64 MiB, or a quarter
// of what the process may have where that is less.
func ForApplication() int64 {
	n := int64(appDefault)
	for _, limit := range []int64{goLimit(), cgroupLimit("/")} {
		if limit > 0 {
			n = min(n, limit/4)
		}
	}
	return max(n, Min)
}

// Enforce makes the garbage collector keep the process within the budget, and
// leaves a lower GOMEMLIMIT as it is. It is for a process that is all ttlog's.
// An eighth is for what the collector does not count, and for what comes while
// it is at work on a busy machine.
func (b *Budget) Enforce() {
	if limit := b.limit - b.limit/8; goLimit() == 0 || limit < goLimit() {
		debug.SetMemoryLimit(limit)
	}
}

// goLimit returns what GOMEMLIMIT or debug.SetMemoryLimit set, 0 for nothing.
func goLimit() int64 {
	if n := debug.SetMemoryLimit(-1); n != math.MaxInt64 {
		return n
	}
	return 0
}

// cgroupLimit returns the least memory limit of the control groups that the
// process is in, of version 2 or 1, 0 without one. root is where the file
// system begins.
func cgroupLimit(root string) int64 {
	data, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		return 0
	}
	least := int64(0)
	for line := range strings.Lines(string(data)) {
		// id:controllers:path; version 2 has the id 0 and no controllers.
		_, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		controllers, path, _ := strings.Cut(rest, ":")
		dir, file := "sys/fs/cgroup", "memory.max"
		if controllers != "" {
			if !strings.Contains(","+controllers+",", ",memory,") {
				continue
			}
			dir, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		}
		// In a container the path is the host's: the group is the root then.
		for ; ; path = filepath.Dir(path) {
			if n := readLimit(filepath.Join(root, dir, path, file)); n > 0 && (least == 0 || n < least) {
				least = n
			}
			if path == "/" || path == "." || path == "" {
				break
			}
		}
	}
	if total := totalMemory(root); total > 0 && least >= total {
		return 0 // version 1 says "none" with a number near the largest
	}
	return least
}

// readLimit reads a number of bytes; "max" is none.
func readLimit(path string) int64 {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(data)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// totalMemory returns the memory of the machine, 1 GiB where it cannot be told.
func totalMemory(root string) int64 {
	data, err := os.ReadFile(filepath.Join(root, "proc/meminfo"))
	if err == nil {
		for line := range strings.Lines(string(data)) {
			f := strings.Fields(line)
			if len(f) < 2 || f[0] != "MemTotal:" {
				continue
			}
			if kb, err := strconv.ParseInt(f[1], 10, 64); err == nil {
				return kb << 10
			}
		}
	}
	return 1 << 30
}
