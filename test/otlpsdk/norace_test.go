//go:build !race

package otlpsdk_test

const raceEnabled = false
