package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
)

// What the upstream has seen since it started. Wrong counts the requests whose Authorization, method or URI is not the
// one and only right one.
type stats struct {
	Requests atomic.Int64
	Wrong    atomic.Int64
}

// upstream serves the API on one port and the token endpoint with /stats on another, until its standard input ends:
// it cannot outlive the benchmark.
func upstream() {
	seen := &stats{}
	api := listen()
	identity := listen()
	go serveAPI(api, seen)
	go func() { exit(http.Serve(identity, identityProvider(seen))) }()
	fmt.Printf("{\"api\":%q,\"identity\":%q}\n", api.Addr(), identity.Addr())
	_, _ = bufio.NewReader(os.Stdin).ReadByte()
}

func listen() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		exit(err)
	}
	return listener
}

func serveAPI(listener net.Listener, seen *stats) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			exit(err)
		}
		go answer(connection, seen)
	}
}

func answer(connection net.Conn, seen *stats) {
	defer connection.Close()
	headers := "Content-Type: application/json\r\nCache-Control: no-store\r\nETag: \"5f1b7c\"\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nX-Request-Cost: 1\r\n"
	right := []byte(fmt.Sprintf("HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", headers, len(body), body))
	wrong := []byte("HTTP/1.1 401 Unauthorized\r\n" + headers + "Content-Length: 0\r\n\r\n")
	reader := bufio.NewReader(connection)
	for {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		seen.Requests.Add(1)
		given := request.Header["Authorization"]
		response := right
		if len(given) != 1 || given[0] != authorization || request.RequestURI != upstreamURI || request.Method != "GET" {
			seen.Wrong.Add(1)
			response = wrong
		}
		if _, err := connection.Write(response); err != nil {
			return
		}
	}
}

func identityProvider(seen *stats) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		id, secret, basic := r.BasicAuth()
		if !basic {
			id, secret = r.FormValue("client_id"), r.FormValue("client_secret")
		}
		w.Header().Set("Content-Type", "application/json")
		if id != "bench" || secret != "bench-secret" || r.FormValue("grant_type") != "client_credentials" {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":"invalid_client"}`)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{
			"access_token": strings.TrimPrefix(authorization, "Bearer "), "token_type": "Bearer", "expires_in": 3600,
		})
	})
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]int64{"requests": seen.Requests.Load(), "wrong": seen.Wrong.Load()})
	})
	return mux
}
