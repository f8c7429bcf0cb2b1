// Command rig is both ends of the benchmark: `rig upstream` is the API with its token endpoint, `rig load` the caller.
// It speaks HTTP/1.1 with as little work as correctness allows, so that the core which both ends share is not what is
// being measured. Callers speak over plain connections, and the API over plain ones and over TLS.
package main

import (
	"fmt"
	"os"
	"strings"
)

// Every URI says how many bytes go up and down: /up-<n>/down-<n> and then this.
const uriRest = "/items?$top=20&$filter=status%20eq%20ACTIVE"

const maxBody = 8 << 20

var (
	// As long as a JWT of an ordinary identity provider.
	authorization = "Bearer " + strings.Repeat("t0ken-", 150)
	// Every body is a beginning of this. It does not repeat itself, so that no byte can be in another's place unseen.
	payload = pseudoRandom(maxBody)
)

func pseudoRandom(length int) []byte {
	bytes := make([]byte, length)
	state := uint32(2463534242)
	for i := range bytes {
		state ^= state << 13
		state ^= state >> 17
		state ^= state << 5
		bytes[i] = byte(state >> 24)
	}
	return bytes
}

func uri(base string, up, down int) string {
	return fmt.Sprintf("%s/up-%d/down-%d%s", base, up, down, uriRest)
}

func main() {
	command := ""
	if len(os.Args) > 1 {
		command = os.Args[1]
	}
	switch command {
	case "upstream":
		upstream(os.Args[2:])
	case "load":
		load(os.Args[2:])
	default:
		fmt.Fprintln(os.Stderr, "usage: rig upstream -certificate FILE -key FILE | rig load -address HOST:PORT -requests N [more; see load.go]")
		os.Exit(2)
	}
}

func exit(err error) {
	fmt.Fprintln(os.Stderr, "rig:", err)
	os.Exit(1)
}
