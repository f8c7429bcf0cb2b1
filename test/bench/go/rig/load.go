package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// load sends requests over keep-alive connections and prints what came of it as one line of JSON. Without a rate every
// connection sends its next request when it has its answer (closed loop). With one, requests are due at fixed times and
// a latency runs from when its request was due, so that a proxy which stalls is charged for every request that had to
// wait meanwhile (corrected for coordinated omission).
func load(arguments []string) {
	flags := flag.NewFlagSet("load", flag.ExitOnError)
	address := flags.String("address", "", "host:port")
	direct := flags.Bool("direct", false, "call the upstream itself, with the token")
	requests := flags.Int("requests", 0, "")
	rate := flags.Float64("rate", 0, "requests per second; 0 = closed loop")
	connections := flags.Int("connections", 32, "")
	up := flags.Int("up", 0, "bytes of each request's body; with any it is a POST")
	down := flags.Int("down", 1024, "bytes of each answer's body")
	headers := flags.Int("headers", 0, "headers of each request beside the usual ones")
	aliases := flags.Int("aliases", 0, "call /bench-0, /bench-1, … in turn instead of /bench")
	_ = flags.Parse(arguments)

	due := closedLoop(int64(*requests))
	if *rate > 0 {
		due = openLoop(*requests, *rate)
	}
	wires := requestsOf(*address, *direct, *aliases, *up, *down, *headers)
	callers := make([]*caller, *connections)
	for i := range callers {
		connection, err := net.Dial("tcp", *address)
		if err != nil {
			exit(err)
		}
		callers[i] = &caller{connection: connection, reader: bufio.NewReaderSize(connection, 64<<10), down: *down, step: *connections}
	}
	var running sync.WaitGroup
	started := time.Now()
	for first, one := range callers {
		running.Go(func() { one.run(wires, first, due) })
	}
	running.Wait()
	report(callers, time.Since(started))
}

// The requests that are sent in turn, as they go over the wire.
func requestsOf(address string, direct bool, aliases, up, down, headers int) [][]byte {
	method, body, credentials, more := "GET", "", "", ""
	if up > 0 {
		method, body = "POST", fmt.Sprintf("Content-Type: application/octet-stream\r\nContent-Length: %d\r\n", up)
	}
	if direct {
		credentials = "Authorization: " + authorization + "\r\n"
	}
	for i := range headers {
		more += fmt.Sprintf("X-Bench-%d: a value of some length\r\n", i)
	}
	paths := []string{uri("/bench", up, down)}
	if direct {
		paths[0] = uri("/base", up, down)
	}
	for i := range aliases {
		paths = append(paths[:i], uri(fmt.Sprintf("/bench-%d", i), up, down))
	}
	wires := make([][]byte, len(paths))
	for i, path := range paths {
		head := method + " " + path + " HTTP/1.1\r\nHost: " + address + "\r\nUser-Agent: bench/1\r\nAccept: application/json\r\n" +
			"Accept-Language: en\r\nX-Request-Id: 3f2c9a51-77d4-4c0e-9f0b-0d6c1a5f3e21\r\n" +
			"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n" + more + credentials + body + "\r\n"
		wires[i] = append([]byte(head), payload[:up]...)
	}
	return wires
}

// A schedule gives the time at which a request is due, and false when there are no more.
type schedule func() (time.Time, bool)

func closedLoop(requests int64) schedule {
	var taken atomic.Int64
	return func() (time.Time, bool) { return time.Now(), taken.Add(1) <= requests }
}

func openLoop(requests int, rate float64) schedule {
	due := make(chan time.Time, requests)
	runtime.GOMAXPROCS(2) // One for the sleeper below, or answers would wait until the scheduler notices that it sleeps.
	go func() {
		// The runtime's own timers are as coarse as a millisecond: sleep in the kernel, with the least timer slack.
		runtime.LockOSThread()
		const prSetTimerSlack = 29
		_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, prSetTimerSlack, 1, 0)
		start := time.Now()
		for i := range requests {
			at := start.Add(time.Duration(float64(i) / rate * float64(time.Second)))
			for wait := time.Until(at); wait > 0; wait = time.Until(at) {
				left := syscall.NsecToTimespec(wait.Nanoseconds())
				_ = syscall.Nanosleep(&left, nil)
			}
			due <- at
		}
		close(due)
	}()
	return func() (time.Time, bool) {
		at, more := <-due
		return at, more
	}
}

type caller struct {
	connection net.Conn
	reader     *bufio.Reader
	down       int
	// How far apart the requests are which this one sends in turn: all callers together go through all of them.
	step      int
	latencies []time.Duration
	failure   error
}

func (c *caller) run(wires [][]byte, turn int, next schedule) {
	defer c.connection.Close()
	buffer := make([]byte, 64<<10)
	for at, more := next(); more; at, more = next() {
		if c.failure = c.call(wires[turn%len(wires)], buffer); c.failure != nil {
			return
		}
		c.latencies = append(c.latencies, time.Since(at))
		turn += c.step
	}
}

func (c *caller) call(wire []byte, buffer []byte) error {
	_ = c.connection.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := c.connection.Write(wire); err != nil {
		return err
	}
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("answer %d is not the upstream's", response.StatusCode)
	}
	if err := compare(response.Body, c.down, buffer); err != nil {
		return err
	}
	if response.Close {
		return errors.New("the answer closes the connection")
	}
	return nil
}

func report(callers []*caller, took time.Duration) {
	var latencies []time.Duration
	for _, one := range callers {
		if one.failure != nil {
			exit(one.failure)
		}
		latencies = append(latencies, one.latencies...)
	}
	slices.Sort(latencies)
	micros := func(share float64) float64 {
		return float64(latencies[int(share*float64(len(latencies)-1))].Nanoseconds()) / 1000
	}
	_ = json.NewEncoder(os.Stdout).Encode(map[string]any{
		"answered": len(latencies), "seconds": took.Seconds(),
		"p50Micros": micros(0.5), "p99Micros": micros(0.99),
	})
}
