// Command rig is both ends of the benchmark: `rig upstream` is the API with its token endpoint, `rig load` the caller.
// It speaks HTTP/1.1 over plain connections with as little work as correctness allows, so that the core which both ends
// share is not what is being measured.
package main

import (
	"fmt"
	"os"
	"strings"
)

const (
	connections = 32
	bodyLength  = 1024
	callerPath  = "/bench/catalogue/items?$top=20&$filter=status%20eq%20ACTIVE"
	upstreamURI = "/base/catalogue/items?$top=20&$filter=status%20eq%20ACTIVE"
)

var (
	// As long as a JWT of an ordinary identity provider.
	authorization = "Bearer " + strings.Repeat("t0ken-", 150)
	body          = strings.Repeat("0123456789abcdef", bodyLength/16)
)

func main() {
	command := ""
	if len(os.Args) > 1 {
		command = os.Args[1]
	}
	switch command {
	case "upstream":
		upstream()
	case "load":
		load(os.Args[2:])
	default:
		fmt.Fprintln(os.Stderr, "usage: rig upstream | rig load -address HOST:PORT [-direct] -requests N [-rate N]")
		os.Exit(2)
	}
}

func exit(err error) {
	fmt.Fprintln(os.Stderr, "rig:", err)
	os.Exit(1)
}
