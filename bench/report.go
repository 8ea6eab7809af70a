package bench

import (
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// WriteTable writes the figures as a Markdown table.
func WriteTable(w io.Writer, figures []Figure) error {
	rows := [][]string{{"id", "unit", "ttlog", "peer", "ratio", "target", "met"}}
	for _, f := range figures {
		ttlog, peer, ratio := number(f.TTLog), "", ""
		if f.Missing {
			ttlog = "missing"
		}
		if f.Peer != nil {
			peer, ratio = number(*f.Peer)+" "+f.PeerName, ""
		}
		if f.Ratio != nil {
			ratio = strconv.FormatFloat(*f.Ratio, 'f', 3, 64)
		}
		met := "no"
		if f.Met {
			met = "yes"
		}
		rows = append(rows, []string{f.ID, f.Unit, ttlog, peer, ratio, f.Target, met})
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len(cell))
		}
	}
	var out strings.Builder
	for n, row := range rows {
		for i, cell := range row {
			fmt.Fprintf(&out, "| %-*s ", widths[i], cell)
		}
		out.WriteString("|\n")
		if n == 0 {
			for _, width := range widths {
				out.WriteString("| " + strings.Repeat("-", width) + " ")
			}
			out.WriteString("|\n")
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// number renders a figure with three or four significant digits.
func number(v float64) string {
	switch a := math.Abs(v); {
	case a >= 1000:
		return strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	case a >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}

// Machine describes what the figures were measured on.
func Machine() string {
	return fmt.Sprintf("%s, %d cores, %s/%s, %s", cpuModel(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
}

// cpuModel returns the processor's name where the system tells it.
func cpuModel() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	for line := range strings.Lines(string(info)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.TrimSpace(strings.TrimLeft(name, "\t :"))
		}
	}
	return "unknown processor"
}
