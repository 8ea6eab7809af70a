package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

// The load: a bounded number of orders, from a few customers at a time. The
// last product number does not exist.
const (
	customers         = 4
	ordersPerCustomer = 150
	productNumbers    = 9
)

// drive sends the load to the shop.
func drive(ctx context.Context, url string) error {
	fmt.Printf("Driving %d orders through the shop...\n", customers*ordersPerCustomer)
	start := time.Now()
	client := &http.Client{Timeout: 10 * time.Second}
	group, ctx := errgroup.WithContext(ctx)
	for customer := range customers {
		group.Go(func() error {
			for order := range ordersPerCustomer {
				id := (customer+order)%productNumbers + 1
				if err := placeOrder(ctx, client, fmt.Sprintf("%s/orders/%d", url, id)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	fmt.Printf("Done in %s.\n", time.Since(start).Round(time.Millisecond))
	return nil
}

func placeOrder(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close() // some orders fail: that is part of the demo
}
