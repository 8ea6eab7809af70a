package otlpwire

import "errors"

// StricterThanPdata tells whether err is one of the documented reasons for
// which Validate refuses a request that pdata takes.
func StricterThanPdata(err error) bool {
	for _, reason := range []error{errGroup, errDeep, errLongVarint, errFieldNumber, errRemoved} {
		if errors.Is(err, reason) {
			return true
		}
	}
	return false
}
