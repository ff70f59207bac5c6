// The roster feeds of each client: one per election, shared by all its candidates and observers.

import type { EtcdApi } from '../etcd/api.js'
import { RosterFeed, type RosterListener, type RosterSubscription } from './roster-feed.js'

const feedsOfClients = new WeakMap<EtcdApi, Map<string, RosterFeed>>()

/** Subscribes to the roster of an election until released. */
export function subscribeToRoster(
  api: EtcdApi,
  election: string,
  listener: RosterListener,
): RosterSubscription {
  const feeds = feedsOfClients.get(api) ?? new Map<string, RosterFeed>()
  feedsOfClients.set(api, feeds)
  let feed = feeds.get(election)
  if (feed === undefined) {
    const made = new RosterFeed(api, election, () => {
      if (feeds.get(election) === made) feeds.delete(election)
    })
    feeds.set(election, made)
    feed = made
  }
  return feed.subscribe(listener)
}
