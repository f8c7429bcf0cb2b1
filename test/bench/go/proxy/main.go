// Command proxy is the reverse proxy that a Go programmer writes in an afternoon: httputil.ReverseProxy over
// x/oauth2's client credentials transport.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

func main() {
	port := flag.Int("port", 0, "")
	api := flag.String("api", "", "base URL")
	tokenURL := flag.String("token-url", "", "")
	authority := flag.String("authority", "", "PEM file, for an API over TLS")
	flag.Parse()
	base, err := url.Parse(*api)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	trusted := x509.NewCertPool()
	if pem, err := os.ReadFile(*authority); err != nil || !trusted.AppendCertsFromPEM(pem) {
		fmt.Fprintln(os.Stderr, "no certificate authority in", *authority)
		os.Exit(2)
	}
	credentials := clientcredentials.Config{ClientID: "bench", ClientSecret: "bench-secret", TokenURL: *tokenURL, AuthStyle: oauth2.AuthStyleInHeader}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(request *httputil.ProxyRequest) {
			request.Out.URL.Path = strings.TrimPrefix(request.In.URL.Path, "/bench")
			request.SetURL(base)
		},
		Transport: &oauth2.Transport{
			Source: credentials.TokenSource(context.Background()),
			// As many idle connections as the other proxies keep; the answers are not to be unpacked.
			Base: &http.Transport{MaxIdleConns: 128, MaxIdleConnsPerHost: 128, DisableCompression: true, TLSClientConfig: &tls.Config{RootCAs: trusted}},
		},
		BufferPool: buffers{&sync.Pool{New: func() any { return make([]byte, 32*1024) }}},
	}
	fmt.Fprintln(os.Stderr, http.ListenAndServe(fmt.Sprintf("127.0.0.1:%d", *port), proxy))
	os.Exit(1)
}

type buffers struct{ pool *sync.Pool }

func (b buffers) Get() []byte       { return b.pool.Get().([]byte) }
func (b buffers) Put(buffer []byte) { b.pool.Put(buffer) }
