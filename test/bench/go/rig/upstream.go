package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
)

// What the upstream has seen since it started. Wrong counts the requests whose Authorization, method, URI or body is not
// the one and only right one.
type stats struct {
	Requests atomic.Int64
	Wrong    atomic.Int64
	Tokens   atomic.Int64
}

// upstream serves the API on one port, on another over TLS, and the token endpoint with /stats on a third, until its
// standard input ends: it cannot outlive the benchmark.
func upstream(arguments []string) {
	flags := flag.NewFlagSet("upstream", flag.ExitOnError)
	certificate := flags.String("certificate", "", "PEM file, for the API over TLS")
	key := flags.String("key", "", "PEM file")
	_ = flags.Parse(arguments)
	pair, err := tls.LoadX509KeyPair(*certificate, *key)
	if err != nil {
		exit(err)
	}

	seen := &stats{}
	api, overTLS, identity := listen(), listen(), listen()
	go serveAPI(api, seen)
	go serveAPI(tls.NewListener(overTLS, &tls.Config{Certificates: []tls.Certificate{pair}}), seen)
	go func() { exit(http.Serve(identity, identityProvider(seen))) }()
	_ = json.NewEncoder(os.Stdout).Encode(map[string]string{
		"api": api.Addr().String(), "apiOverTls": overTLS.Addr().String(), "identity": identity.Addr().String(),
	})
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

const answerHeaders = "Content-Type: application/json\r\nCache-Control: no-store\r\nETag: \"5f1b7c\"\r\n" +
	"Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nX-Request-Cost: 1\r\n"

var wrongAnswer = []byte("HTTP/1.1 401 Unauthorized\r\n" + answerHeaders + "Content-Length: 0\r\n\r\n")

// The bytes that a URI asks for; prepared once for all requests of a connection that ask for the same.
type work struct {
	uri      string
	up       int
	response []byte
}

func workOf(requestURI string) *work {
	one := &work{uri: requestURI}
	down := 0
	_, err := fmt.Sscanf(requestURI, "/base/up-%d/down-%d/", &one.up, &down)
	if err != nil || one.up > maxBody || down > maxBody || requestURI != uri("/base", one.up, down) {
		return nil
	}
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n", answerHeaders, down)
	one.response = bytes.Join([][]byte{[]byte(head), payload[:down]}, nil)
	return one
}

func answer(connection net.Conn, seen *stats) {
	defer connection.Close()
	reader := bufio.NewReaderSize(connection, 64<<10)
	buffer := make([]byte, 64<<10)
	asked := &work{}
	for {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		seen.Requests.Add(1)
		if asked == nil || asked.uri != request.RequestURI {
			asked = workOf(request.RequestURI)
		}
		response := wrongAnswer
		if asked == nil || !isRight(request, asked, buffer) {
			seen.Wrong.Add(1)
		} else {
			response = asked.response
		}
		if _, err := connection.Write(response); err != nil {
			return
		}
	}
}

func isRight(request *http.Request, asked *work, buffer []byte) bool {
	given := request.Header["Authorization"]
	if len(given) != 1 || given[0] != authorization {
		return false
	}
	if asked.up == 0 {
		return request.Method == http.MethodGet && request.Body == http.NoBody
	}
	return request.Method == http.MethodPost && compare(request.Body, asked.up, buffer) == nil
}

func identityProvider(seen *stats) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		seen.Tokens.Add(1)
		id, secret, basic := r.BasicAuth()
		if !basic {
			id, secret = r.FormValue("client_id"), r.FormValue("client_secret")
		}
		w.Header().Set("Content-Type", "application/json")
		// Many clients at once are told apart by what follows their name.
		if !strings.HasPrefix(id, "bench") || secret != "bench-secret" || r.FormValue("grant_type") != "client_credentials" {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":"invalid_client"}`)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{
			"access_token": strings.TrimPrefix(authorization, "Bearer "), "token_type": "Bearer", "expires_in": 3600,
		})
	})
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]int64{
			"requests": seen.Requests.Load(), "wrong": seen.Wrong.Load(), "tokens": seen.Tokens.Load(),
		})
	})
	return mux
}
