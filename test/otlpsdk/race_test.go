//go:build race

package otlpsdk_test

const raceEnabled = true
