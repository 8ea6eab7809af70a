package ttloghttp_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	ttloghttp "github.com/ttlog/ttlog/instrument/http"
)

func Example() {
	// Any SDK will do; without the option the global provider is used.
	spans := tracetest.NewSpanRecorder()
	provider := ttloghttp.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)))

	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "user", r.PathValue("id"))
	})
	server := httptest.NewServer(ttloghttp.NewHandler(mux, provider))

	client := &http.Client{Transport: ttloghttp.NewTransport(nil, provider)}
	res, err := client.Get(server.URL + "/users/7")
	if err != nil {
		fmt.Println(err)
		return
	}
	body, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	server.Close() // waits for the handler

	fmt.Print(string(body))
	for _, s := range spans.Started() {
		fmt.Println(s.SpanKind(), s.Name())
	}
	// Output:
	// user 7
	// client GET
	// server GET /users/{id}
}
