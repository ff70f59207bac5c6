// Command bench does through etcd's own Go client and its concurrency package what the benchmark measures. It takes
// commands on stdin and answers each, both as one JSON object a line; times are taken in here, so that the way of the
// commands is not in them.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
)

type command struct {
	Do     string `json:"do"`
	Prefix string `json:"prefix"`
	Count  int    `json:"count"`
	TTL    int    `json:"ttl"`
}

// answer has what the command asks for; times of day are in milliseconds since 1970.
type answer struct {
	Ms      float64   `json:"ms,omitempty"`
	Count   int       `json:"count,omitempty"`
	FirstAt float64   `json:"firstAt,omitempty"`
	LastAt  float64   `json:"lastAt,omitempty"`
	Each    []float64 `json:"each,omitempty"`
	Error   string    `json:"error,omitempty"`
}

type bench struct {
	endpoint string
	clients  []*clientv3.Client
	session  *concurrency.Session
	queue    []*contender
	elected  chan float64
	informed func() answer
}

type contender struct {
	client   *clientv3.Client
	election *concurrency.Election
	session  *concurrency.Session
	won      chan error
}

var ctx = context.Background()

const mostClients = 10

func main() {
	b := &bench{endpoint: os.Args[1]}
	if _, err := b.client(0).Get(ctx, "bench"); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	out := json.NewEncoder(os.Stdout)
	_ = out.Encode(answer{})
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var c command
		err := json.Unmarshal(lines.Bytes(), &c)
		var a answer
		if err == nil {
			a, err = b.do(c)
		}
		if err != nil {
			a.Error = err.Error()
		}
		_ = out.Encode(a)
	}
}

func (b *bench) do(c command) (answer, error) {
	switch c.Do {
	case "rest":
		debug.FreeOSMemory()
		return answer{}, nil
	case "put":
		return b.put(c.Prefix)
	case "watch":
		return b.watchOne(c.Prefix)
	case "open":
		return answer{}, b.open(c.TTL)
	case "campaign":
		return b.campaign(c.Prefix)
	case "openAndCampaign":
		return b.openAndCampaign(c.Prefix, c.TTL)
	case "queue":
		return answer{}, b.fillQueue(c)
	case "handOver":
		return b.handOver()
	case "requeue":
		return answer{}, b.requeue(c)
	case "lead":
		return b.lead(c)
	case "wait":
		return b.wait(c)
	case "taken":
		return b.taken(c)
	case "leadEach":
		return answer{}, b.leadEach(c)
	case "waitEach":
		return answer{}, b.waitEach(c)
	case "observe":
		return answer{}, b.observe(c)
	case "inform":
		return b.inform(c)
	}
	return answer{}, fmt.Errorf("do: expected something to do, got %q", c.Do)
}

func (b *bench) client(index int) *clientv3.Client {
	for len(b.clients) <= index {
		client, err := clientv3.New(clientv3.Config{Endpoints: []string{b.endpoint}})
		if err != nil {
			panic(err)
		}
		b.clients = append(b.clients, client)
	}
	return b.clients[index]
}

func since(start time.Time) float64 {
	return float64(time.Since(start).Nanoseconds()) / 1e6
}

func timeOfDay() float64 {
	return float64(time.Now().UnixNano()) / 1e6
}

func (b *bench) put(key string) (answer, error) {
	start := time.Now()
	_, err := b.client(0).Txn(ctx).Then(clientv3.OpPut(key, "web-1")).Commit()
	return answer{Ms: since(start)}, err
}

func (b *bench) open(ttl int) (err error) {
	b.session, err = concurrency.NewSession(b.client(0), concurrency.WithTTL(ttl))
	return err
}

func (b *bench) campaign(prefix string) (answer, error) {
	election := concurrency.NewElection(b.session, prefix)
	start := time.Now()
	err := election.Campaign(ctx, "web-1")
	took := since(start)
	return answer{Ms: took}, errors.Join(err, election.Resign(ctx))
}

func (b *bench) openAndCampaign(prefix string, ttl int) (answer, error) {
	start := time.Now()
	session, err := concurrency.NewSession(b.client(0), concurrency.WithTTL(ttl))
	if err != nil {
		return answer{}, err
	}
	err = concurrency.NewElection(session, prefix).Campaign(ctx, "web-1")
	took := since(start)
	return answer{Ms: took}, errors.Join(err, session.Close())
}

// keys waits until there are so many under a prefix.
func (b *bench) keys(prefix string, count int) error {
	for {
		r, err := b.client(0).Get(ctx, prefix, clientv3.WithPrefix(), clientv3.WithCountOnly())
		if err != nil || r.Count >= int64(count) {
			return err
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func (b *bench) contend(client *clientv3.Client, prefix string, ttl int) (*contender, error) {
	session, err := concurrency.NewSession(client, concurrency.WithTTL(ttl))
	if err != nil {
		return nil, err
	}
	c := &contender{client, concurrency.NewElection(session, prefix), session, make(chan error, 1)}
	go func() { c.won <- c.election.Campaign(ctx, "web-1") }()
	return c, nil
}

func (b *bench) fillQueue(c command) error {
	for index := 0; index < c.Count; index++ {
		next, err := b.contend(b.client(index%min(c.Count, mostClients)), c.Prefix, c.TTL)
		if err != nil {
			return err
		}
		b.queue = append(b.queue, next)
		if err := b.keys(c.Prefix+"/", index+1); err != nil {
			return err
		}
	}
	return <-b.queue[0].won
}

func (b *bench) handOver() (answer, error) {
	resigned := make(chan error, 1)
	start := time.Now()
	go func() { resigned <- b.queue[0].election.Resign(ctx) }()
	err := <-b.queue[1].won
	took := since(start)
	return answer{Ms: took}, errors.Join(err, <-resigned)
}

func (b *bench) requeue(c command) error {
	first := b.queue[0]
	b.queue = b.queue[1:]
	go func() { first.won <- first.election.Campaign(ctx, "web-1") }()
	b.queue = append(b.queue, first)
	return b.keys(c.Prefix+"/", c.Count)
}

// many runs one function for each of so many elections, at most 1,000 at a time: etcd refuses more than about 5,000.
func many(count int, each func(index int) error) error {
	var group sync.WaitGroup
	errs := make(chan error, count)
	room := make(chan struct{}, 1_000)
	for index := range count {
		group.Add(1)
		room <- struct{}{}
		go func() {
			defer group.Done()
			defer func() { <-room }()
			if err := each(index); err != nil {
				errs <- err
			}
		}()
	}
	group.Wait()
	close(errs)
	return <-errs
}

func (b *bench) lead(c command) (answer, error) {
	start := time.Now()
	if err := b.open(c.TTL); err != nil {
		return answer{}, err
	}
	err := many(c.Count, func(index int) error {
		election := concurrency.NewElection(b.session, fmt.Sprintf("%s/%d", c.Prefix, index))
		return election.Campaign(ctx, "web-1")
	})
	return answer{Ms: since(start)}, err
}

func (b *bench) wait(c command) (answer, error) {
	start := time.Now()
	if err := b.open(c.TTL); err != nil {
		return answer{}, err
	}
	b.elected = make(chan float64, c.Count)
	for index := range c.Count {
		go func() {
			election := concurrency.NewElection(b.session, fmt.Sprintf("%s/%d", c.Prefix, index))
			if election.Campaign(ctx, "web-2") == nil {
				b.elected <- timeOfDay()
			}
		}()
	}
	err := b.keys(c.Prefix+"/", 2*c.Count)
	return answer{Ms: since(start)}, err
}

// taken waits for all who wait to be elected, until nobody has been for 5 s.
func (b *bench) taken(c command) (answer, error) {
	a := answer{}
	for a.Count < c.Count {
		select {
		case at := <-b.elected:
			if a.Count == 0 {
				a.FirstAt = at
			}
			a.LastAt = max(a.LastAt, at)
			a.Each = append(a.Each, at)
			a.Count++
		case <-time.After(5 * time.Second):
			return a, nil
		}
	}
	if c.Count > 100 {
		a.Each = nil
	}
	return a, nil
}

// leadEach leads elections with a session for each, opened a little after one another.
func (b *bench) leadEach(c command) error {
	for index := range c.Count {
		next, err := b.contend(b.client(0), fmt.Sprintf("%s/%d", c.Prefix, index), c.TTL)
		if err != nil {
			return err
		}
		if err := <-next.won; err != nil {
			return err
		}
		time.Sleep(53 * time.Millisecond)
	}
	return nil
}

func (b *bench) waitEach(c command) error {
	b.elected = make(chan float64, c.Count)
	for index := range c.Count {
		next, err := b.contend(b.client(0), fmt.Sprintf("%s/%d", c.Prefix, index), c.TTL)
		if err != nil {
			return err
		}
		go func() {
			if <-next.won == nil {
				b.elected <- timeOfDay()
			}
		}()
	}
	return b.keys(c.Prefix+"/", 2*c.Count)
}

func (b *bench) observe(c command) error {
	leader := b.client(1)
	session, err := concurrency.NewSession(leader, concurrency.WithTTL(c.TTL))
	if err != nil {
		return err
	}
	election := concurrency.NewElection(session, c.Prefix)
	if err := election.Campaign(ctx, "web-1"); err != nil {
		return err
	}
	if err := b.open(c.TTL); err != nil {
		return err
	}
	var ready, informed sync.WaitGroup
	var first atomic.Int64
	ready.Add(c.Count)
	informed.Add(c.Count)
	for range c.Count {
		go func() {
			began := false
			for response := range concurrency.NewElection(b.session, c.Prefix).Observe(ctx) {
				if !began {
					began = true
					ready.Done()
				}
				if string(response.Kvs[0].Value) == "web-2" {
					first.CompareAndSwap(0, time.Now().UnixNano())
					informed.Done()
					return
				}
			}
		}()
	}
	ready.Wait()
	b.informed = func() answer {
		sent := timeOfDay()
		if err := election.Proclaim(ctx, "web-2"); err != nil {
			return answer{Error: err.Error()}
		}
		informed.Wait()
		last := timeOfDay()
		return answer{Count: c.Count, Ms: last - sent, FirstAt: float64(first.Load())/1e6 - sent, LastAt: last - sent}
	}
	return nil
}

func (b *bench) inform(command) (answer, error) {
	return b.informed(), nil
}

func (b *bench) watchOne(key string) (answer, error) {
	watching, cancel := context.WithCancel(ctx)
	defer cancel()
	events := b.client(1).Watch(watching, key, clientv3.WithCreatedNotify())
	<-events
	// A watch that begins at the present is served late at first, see docs/architecture.md.
	time.Sleep(150 * time.Millisecond)
	start := time.Now()
	if _, err := b.client(0).Put(ctx, key, "web-1"); err != nil {
		return answer{}, err
	}
	<-events
	return answer{Ms: since(start)}, nil
}
