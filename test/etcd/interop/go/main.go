// Command peer takes part in an election through etcd's own Go package, so that tests can put our library beside it.
//
//	peer [flags] campaign ELECTION VALUE   contends; commands on stdin: campaign VALUE, cancel, proclaim VALUE, resign
//	peer [flags] observe ELECTION          tells of every leader
//	peer [flags] leader ELECTION           tells who leads now, and ends
//
// It tells what happens as one JSON object a line. The end of stdin ends it: its lease is revoked, so that nothing is
// left of it.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
)

// fact is one line. Revisions are decimal strings, as JSON readers round large numbers.
type fact struct {
	Event    string `json:"event"`
	Key      string `json:"key,omitempty"`
	Revision string `json:"revision,omitempty"`
	Value    string `json:"value,omitempty"`
	Lease    string `json:"lease,omitempty"`
	Command  string `json:"command,omitempty"`
	Error    string `json:"error,omitempty"`
}

var stdout = struct {
	sync.Mutex
	*json.Encoder
}{Encoder: json.NewEncoder(os.Stdout)}

func tell(f fact) {
	stdout.Lock()
	defer stdout.Unlock()
	_ = stdout.Encode(f)
}

func leaderFact(r *clientv3.GetResponse) fact {
	kv := r.Kvs[0]
	return fact{
		Event:    "leader",
		Key:      string(kv.Key),
		Revision: strconv.FormatInt(kv.CreateRevision, 10),
		Value:    string(kv.Value),
	}
}

func main() {
	endpoints := flag.String("endpoints", "http://127.0.0.1:2379", "where etcd listens, separated by commas")
	user := flag.String("user", "", "NAME:PASSWORD, where etcd wants it")
	ttl := flag.Int("ttl", 5, "of the session's lease, in seconds")
	flag.Parse()
	if err := run(strings.Split(*endpoints, ","), *user, *ttl, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

func run(endpoints []string, user string, ttl int, args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("expected a mode and an election, got %q", args)
	}
	config := clientv3.Config{Endpoints: endpoints}
	config.Username, config.Password, _ = strings.Cut(user, ":")
	client, err := clientv3.New(config)
	if err != nil {
		return err
	}
	defer client.Close()
	session, err := concurrency.NewSession(client, concurrency.WithTTL(ttl))
	if err != nil {
		return err
	}
	defer session.Close()
	election := concurrency.NewElection(session, args[1])

	switch {
	case args[0] == "campaign" && len(args) == 3:
		contend(session, election, args[2])
	case args[0] == "observe" && len(args) == 2:
		observe(election)
	case args[0] == "leader" && len(args) == 2:
		response, err := election.Leader(context.Background())
		if err != nil {
			return err
		}
		tell(leaderFact(response))
	default:
		return fmt.Errorf("expected campaign ELECTION VALUE, observe ELECTION or leader ELECTION, got %q", args)
	}
	return nil
}

func contend(session *concurrency.Session, election *concurrency.Election, value string) {
	tell(fact{Event: "session", Lease: fmt.Sprintf("%x", session.Lease())})
	go func() {
		<-session.Done()
		tell(fact{Event: "session-over"})
	}()

	cancel := context.CancelFunc(func() {})
	campaign := func(value string) {
		var ctx context.Context
		ctx, cancel = context.WithCancel(context.Background())
		// The loop below goes on reading, as a campaign waits for as long as others lead.
		go func() {
			if err := election.Campaign(ctx, value); err != nil {
				tell(fact{Event: "error", Command: "campaign", Error: err.Error()})
				return
			}
			tell(fact{
				Event:    "elected",
				Key:      election.Key(),
				Revision: strconv.FormatInt(election.Rev(), 10),
				Value:    value,
			})
		}()
	}
	answer := func(command, event, value string, err error) {
		if err != nil {
			tell(fact{Event: "error", Command: command, Error: err.Error()})
			return
		}
		tell(fact{Event: event, Value: value})
	}

	campaign(value)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		command, value, _ := strings.Cut(lines.Text(), " ")
		switch command {
		case "campaign":
			campaign(value)
		case "cancel":
			cancel()
		case "proclaim":
			answer(command, "proclaimed", value, election.Proclaim(context.Background(), value))
		case "resign":
			answer(command, "resigned", "", election.Resign(context.Background()))
		default:
			answer(command, "", "", fmt.Errorf("expected campaign, cancel, proclaim or resign, got %q", command))
		}
	}
	cancel()
}

func observe(election *concurrency.Election) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
		}
		cancel()
	}()
	for response := range election.Observe(ctx) {
		tell(leaderFact(&response))
	}
	tell(fact{Event: "end"})
}
