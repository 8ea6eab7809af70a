// Package spelling finds what a misspelled name was meant to be.
package spelling

import "strings"

// Nearest returns the candidate that name was most likely meant to be, or "".
func Nearest(name string, candidates []string) string {
	best, bestDistance := "", len(name)/3+2
	name = strings.ToLower(name)
	for _, c := range candidates {
		if len(c) > 2*len(name)+4 || len(name) > 64 {
			continue
		}
		if d := editDistance(name, strings.ToLower(c)); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// editDistance is the number of bytes to insert, delete, exchange or swap.
func editDistance(a, b string) int {
	prev2, prev, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], prev2[j-2]+1)
			}
		}
		prev2, prev, row = prev, row, prev2
	}
	return prev[len(b)]
}
