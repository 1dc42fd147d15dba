// A scanner that speaks scan/v1, with nothing but the standard library. It finds the EICAR test file.
//
// Usage: scanner [HOST:PORT]
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

const maxBytes = 8 << 20

// epoch changes when the verdict on the same bytes could change.
const epoch = "eicar-1"

var mark = []byte("EICAR-STANDARD" + "-ANTIVIRUS-TEST-FILE!")

type document map[string]any

func scan(w http.ResponseWriter, r *http.Request) {
	content, err := io.ReadAll(io.LimitReader(r.Body, maxBytes+1))
	if err != nil {
		return // The client went away.
	}
	if len(content) > maxBytes {
		io.Copy(io.Discard, r.Body) // Read on, or the client may not see the answer.
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	verdict := document{"verdict": "clean"}
	if bytes.Contains(content, mark) {
		threats := []document{{"name": "EICAR-Test-File", "engine": "go-example"}}
		verdict = document{"verdict": "blocked", "reason": "malware", "threats": threats}
	}
	answer(w, verdict)
}

func answer(w http.ResponseWriter, d document) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Scan-Epoch", epoch)
	json.NewEncoder(w).Encode(d)
}

func main() {
	address := "127.0.0.1:8080"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	http.HandleFunc("POST /v1/scan", scan)
	http.HandleFunc("GET /v1/info", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, document{"protocol": "scan/v1", "name": "go-example", "epoch": epoch, "maxBytes": maxBytes})
	})
	listener, err := net.Listen("tcp", address)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	fmt.Fprintln(os.Stderr, http.Serve(listener, nil))
}
