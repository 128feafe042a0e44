// Stand-in is what runs in place of a service whose image cannot be had: it opens the service's ports, answers its health paths, and says in
// every answer that it is a stand-in.
//
//	STAND_IN_NAME=grafana STAND_IN_PORTS="3000/api/health 6379" stand-in
//
// STAND_IN_PORTS: ports, each with the path that is answered with 200, if it has one. Under any other name (curl, pg_isready, sh) it is the health
// check of its container: it asks each of its own ports, and ends with 0 or 1.
package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// How long a client may take to ask, and a health check to be answered.
const patience = 2 * time.Second

// How many bytes of a client are read.
const longest = 1 << 16

// endpoint is a port, and the path that is healthy on it; "" where it has none.
type endpoint struct {
	port int
	path string
}

func main() {
	name := os.Getenv("STAND_IN_NAME")
	endpoints, err := parse(os.Getenv("STAND_IN_PORTS"))
	if err == nil && name == "" {
		err = fmt.Errorf("STAND_IN_NAME says for what")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "stand-in:", err)
		os.Exit(2)
	}
	title := "stand-in for " + name
	if filepath.Base(os.Args[0]) == "stand-in" {
		err = serve(title, endpoints)
	} else if err = probe(endpoints); err == nil {
		fmt.Println(title + ": every port answers")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, title+":", err)
		os.Exit(1)
	}
}

// parse reads "8080/health 6379".
func parse(text string) ([]endpoint, error) {
	var found []endpoint
	for _, word := range strings.Fields(text) {
		number, path, hasPath := strings.Cut(word, "/")
		port, err := strconv.Atoi(number)
		if err != nil || port < 1 || port > 65535 {
			return nil, fmt.Errorf("STAND_IN_PORTS: %q is no port (1 to 65535) with or without a path", word)
		}
		if hasPath {
			path = "/" + path
		}
		found = append(found, endpoint{port, path})
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("STAND_IN_PORTS names no port, such as 8080/health")
	}
	return found, nil
}

// serve opens all ports, or none, and answers until it is told to end.
func serve(title string, endpoints []endpoint) error {
	paths := map[int][]string{}
	for _, at := range endpoints {
		if at.path != "" {
			paths[at.port] = append(paths[at.port], at.path)
		} else if paths[at.port] == nil {
			paths[at.port] = []string{}
		}
	}
	var listeners []net.Listener
	for port := range paths {
		listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if err != nil {
			return err
		}
		listeners = append(listeners, listener)
	}
	for _, listener := range listeners {
		port := listener.Addr().(*net.TCPAddr).Port
		fmt.Printf("%s: port %d is open %s\n", title, port, strings.Join(paths[port], " "))
		go accept(listener, title, paths[port])
	}
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM, syscall.SIGINT)
	fmt.Printf("%s: ends (%s)\n", title, <-told)
	return nil
}

func accept(listener net.Listener, title string, healthy []string) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer client.Close()
			client.SetDeadline(time.Now().Add(patience))
			answer(client, title, healthy)
		}()
	}
}

// answer speaks enough HTTP, Redis and ZooKeeper for a health check; everybody else is told what this is.
func answer(client io.ReadWriter, title string, healthy []string) {
	reader := bufio.NewReader(io.LimitReader(client, longest))
	first, err := reader.Peek(1)
	if err != nil || !(first[0] == '*' || 'A' <= first[0] && first[0] <= 'Z' || 'a' <= first[0] && first[0] <= 'z') {
		fmt.Fprintln(client, title)
		return
	}
	line, _ := reader.ReadString('\n')
	words := strings.Fields(line)
	switch {
	case len(words) == 3 && strings.HasPrefix(words[2], "HTTP/"):
		answerHTTP(client, reader, words[0], words[1], title, healthy)
	case first[0] == '*' || strings.EqualFold(strings.TrimSpace(line), "PING"):
		answerRedis(client, reader, line, title)
	case strings.TrimSpace(line) == "srvr":
		fmt.Fprintf(client, "%s\nMode: standalone\n", title)
	default:
		fmt.Fprintln(client, title)
	}
}

func answerHTTP(client io.Writer, reader *bufio.Reader, method, target, title string, healthy []string) {
	for {
		header, err := reader.ReadString('\n')
		if err != nil || strings.TrimSpace(header) == "" {
			break
		}
	}
	path, _, _ := strings.Cut(target, "?")
	status, body := "404 Not Found", fmt.Sprintf("{\"error\":%q,\"answers\":%q}\n", title, strings.Join(healthy, " "))
	for _, known := range healthy {
		if path == known {
			status, body = "200 OK", fmt.Sprintf("{\"status\":\"ok\",\"by\":%q}\n", title)
		}
	}
	fmt.Fprintf(client, "HTTP/1.1 %s\r\nServer: stand-in\r\nContent-Type: application/json\r\n", status)
	fmt.Fprintf(client, "Content-Length: %d\r\nConnection: close\r\n\r\n", len(body))
	if method != "HEAD" {
		io.WriteString(client, body)
	}
}

// answerRedis reads the commands of one connection until it ends: an inline PING, or arrays of bulk strings.
func answerRedis(client io.Writer, reader *bufio.Reader, line, title string) {
	for {
		command := strings.TrimSpace(line)
		if count, err := strconv.Atoi(strings.TrimPrefix(command, "*")); command != "" && command[0] == '*' && err == nil {
			for i := 0; i < count; i++ {
				reader.ReadString('\n')
				word, err := reader.ReadString('\n')
				if err != nil {
					return
				}
				if i == 0 {
					command = strings.TrimSpace(word)
				}
			}
		}
		if strings.EqualFold(command, "PING") {
			io.WriteString(client, "+PONG\r\n")
		} else {
			fmt.Fprintf(client, "-ERR %s: it answers PING only\r\n", title)
		}
		var err error
		if line, err = reader.ReadString('\n'); err != nil {
			return
		}
	}
}

// probe asks each port of this container. The error names the first that does not answer.
func probe(endpoints []endpoint) error {
	for _, at := range endpoints {
		if err := ask(at); err != nil {
			return err
		}
	}
	return nil
}

func ask(at endpoint) error {
	server, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", at.port), patience)
	if err != nil {
		return err
	}
	defer server.Close()
	server.SetDeadline(time.Now().Add(patience))
	if at.path == "" {
		io.WriteString(server, "?\n")
	} else {
		fmt.Fprintf(server, "GET %s HTTP/1.0\r\n\r\n", at.path)
	}
	status, err := bufio.NewReader(server).ReadString('\n')
	if err != nil {
		return fmt.Errorf("port %d does not answer: %w", at.port, err)
	}
	if at.path != "" && !strings.Contains(status, " 200 ") {
		return fmt.Errorf("port %d answers %s with %s", at.port, at.path, strings.TrimSpace(status))
	}
	return nil
}
