package ringbuffer

import (
	"os"

	"golang.org/x/sys/unix"
)

// Pages are cached and written back in units that the kernel chooses: what it
// reads ahead it keeps together, in up to some hundred pages, and one byte that
// changes makes it write all of them. A ring changes its header and the page at
// its head again and again, between one sync and the next. So the file is read
// without reading ahead, which caches each page by itself, whoever is the first
// to read it. The advice is worth no error: a file system that does not know it
// writes more, and nothing else is different.

// adviseFile has the kernel cache the pages of f one by one. With load it reads
// all of them, in the background and in large pieces: else each would be waited
// for where it is touched.
func adviseFile(f *os.File, load bool) {
	_ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_RANDOM)
	if load {
		_ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_WILLNEED)
	}
}

// adviseMapping is adviseFile for what is read through the mapping.
func adviseMapping(b []byte) { _ = unix.Madvise(b, unix.MADV_RANDOM) }
