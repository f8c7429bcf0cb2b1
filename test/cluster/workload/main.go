// A pod's program for tests: static, so that an image needs nothing else, and what one would otherwise want a shell and curl for.
//
//	workload pause                 waits, and reaps what is orphaned in its process namespace
//	workload sleep SECONDS
//	workload serve PORT            answers each request with its method, path and headers, one a line
//	workload fetch URL [SECONDS]   prints the body; fails unless the status is 2xx; tries again for that long
//	workload call URL              prints the status, with what Tokenward-Error says, and the body; any answer will do
//	workload repeat URL SECONDS    calls for ever, that often, and prints that first line of each answer
//	workload cat FILE...
//	workload ls FOLDER             one name a line
//	workload env [NAME...]         all as NAME=value, or the values of those named
//	workload exit CODE
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"sort"
	"strconv"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("what is to be done?")
	}
	verb, rest := args[0], args[1:]
	switch {
	case verb == "pause":
		pause(ctx)
		return nil
	case verb == "sleep" && len(rest) == 1:
		return sleep(ctx, rest[0])
	case verb == "serve" && len(rest) == 1:
		return serve(ctx, rest[0])
	case verb == "fetch" && len(rest) == 1:
		return fetch(ctx, rest[0], "0")
	case verb == "fetch" && len(rest) == 2:
		return fetch(ctx, rest[0], rest[1])
	case verb == "call" && len(rest) == 1:
		outcome, body, err := call(ctx, rest[0])
		fmt.Printf("%s\n%s", outcome, body)
		return err
	case verb == "repeat" && len(rest) == 2:
		return repeat(ctx, rest[0], rest[1])
	case verb == "cat":
		return cat(rest)
	case verb == "ls" && len(rest) == 1:
		return list(rest[0])
	case verb == "env":
		env(rest)
		return nil
	case verb == "exit" && len(rest) == 1:
		code, err := strconv.Atoi(rest[0])
		if err == nil {
			os.Exit(code)
		}
		return err
	}
	return fmt.Errorf("not understood: %q", args)
}

func pause(ctx context.Context) {
	children := make(chan os.Signal, 1)
	signal.Notify(children, syscall.SIGCHLD)
	for {
		select {
		case <-ctx.Done():
			return
		case <-children:
			for pid := 1; pid > 0; {
				pid, _ = syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
			}
		}
	}
}

func sleep(ctx context.Context, text string) error {
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-time.After(time.Duration(seconds * float64(time.Second))):
	}
	return nil
}

func serve(ctx context.Context, port string) error {
	server := &http.Server{Addr: ":" + port, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Printf("%s %s\n", r.Method, r.URL.Path)
		fmt.Fprintf(w, "%s %s\n", r.Method, r.URL.RequestURI())
		r.Header.Write(w)
	})}
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	fmt.Printf("listening on %s\n", port)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func fetch(ctx context.Context, url, patience string) error {
	seconds, err := strconv.ParseFloat(patience, 64)
	if err != nil {
		return err
	}
	for until := time.Now().Add(time.Duration(seconds * float64(time.Second))); ; {
		body, err := get(ctx, url)
		if err == nil || ctx.Err() != nil || time.Now().After(until) {
			os.Stdout.Write(body)
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func get(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode/100 != 2 {
		err = errors.New(response.Status)
	}
	return body, err
}

func repeat(ctx context.Context, url, period string) error {
	for {
		outcome, _, err := call(ctx, url)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			outcome = err.Error()
		}
		fmt.Println(outcome)
		if err := sleep(ctx, period); err != nil {
			return err
		}
	}
}

func call(ctx context.Context, url string) (string, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 40*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	outcome := strconv.Itoa(response.StatusCode)
	if code := response.Header.Get("Tokenward-Error"); code != "" {
		outcome += " " + code
	}
	return outcome, body, err
}

func cat(files []string) error {
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		os.Stdout.Write(content)
	}
	return nil
}

func list(folder string) error {
	entries, err := os.ReadDir(folder)
	for _, entry := range entries {
		fmt.Println(entry.Name())
	}
	return err
}

func env(names []string) {
	for _, name := range names {
		fmt.Println(os.Getenv(name))
	}
	if len(names) == 0 {
		all := os.Environ()
		sort.Strings(all)
		for _, one := range all {
			fmt.Println(one)
		}
	}
}
