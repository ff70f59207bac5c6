// Decides who leads and what to do next; nothing else does. Pure: state and input in, state and
// effects out, without etcd, time or promises. docs/lifecycle.md has the diagram.

import type { LeaseLoss } from '../lease/lease.js'
import type { Candidacy } from './requests.js'

/**
 * How a term ended:
 * - `resigned`: the candidate gave it up on purpose
 * - `expired`: the lease could not be renewed in time
 * - `deleted`: the key was removed from outside
 * - `revoked`: etcd says that the lease is gone
 * - `closed`: the candidate or its session was closed
 * - `refused`: etcd no longer lets this user see the election, so this process could not notice a
 *   loss
 */
export type LeadershipEnd = 'resigned' | 'expired' | 'deleted' | 'revoked' | 'closed' | 'refused'

export type State =
  | { readonly at: 'idle' }
  /**
   * A key is being made. `again`: this campaign had a key before, so it tries for as long as it
   * takes.
   */
  | { readonly at: 'joining'; readonly again: boolean }
  | { readonly at: 'waiting'; readonly candidacy: Candidacy }
  | { readonly at: 'leading'; readonly candidacy: Candidacy }
  /**
   * A key is being removed. `candidacy` is undefined when it is not known whether there is a key.
   */
  | {
      readonly at: 'leaving'
      readonly candidacy: Candidacy | undefined
      readonly then: 'idle' | 'joining'
    }

/** What this candidate sees of the election, at one revision, and of its lease, at one instant. */
export interface View {
  /** The candidacy under this candidate's key. */
  readonly own: Candidacy | undefined
  /** The fencing token of the oldest candidacy. */
  readonly first: bigint | undefined
  /** Whether this candidate's lease is surely alive. */
  readonly leaseValid: boolean
  /** Whether a former leader may still believe that it leads, and has to be outwaited. */
  readonly delayed: boolean
}

export type Input =
  | { readonly is: 'campaign' }
  | { readonly is: 'joined'; readonly candidacy: Candidacy }
  | { readonly is: 'joinFailed'; readonly mayHaveJoined: boolean; readonly error: unknown }
  /** The roster or the lease has changed. */
  | { readonly is: 'seen'; readonly view: View }
  /** The roster cannot be seen any more. */
  | { readonly is: 'blinded'; readonly error: unknown }
  | { readonly is: 'leaseLost'; readonly loss: LeaseLoss }
  /** The campaign or the term is given up on purpose. */
  | { readonly is: 'withdraw'; readonly end: 'resigned' | 'closed' }
  /** The key is known to be gone. */
  | { readonly is: 'left' }
  /** It is not known whether the key is gone; further attempts follow. */
  | { readonly is: 'leaveFailed'; readonly error: unknown }

export type Effect =
  /** Open a session if there is none, and make the key. `patient`: try for as long as it takes. */
  | { readonly do: 'join'; readonly patient: boolean }
  | { readonly do: 'stopJoining' }
  /** Remove the key, and try until that is confirmed. */
  | { readonly do: 'leave'; readonly candidacy: Candidacy | undefined }
  | { readonly do: 'elected'; readonly candidacy: Candidacy }
  | { readonly do: 'ended'; readonly end: LeadershipEnd }
  | { readonly do: 'campaignFailed'; readonly error: unknown }
  | { readonly do: 'campaignClosed' }

export type Step = readonly [State, ...Effect[]]

export const initial: State = { at: 'idle' }

export function step(state: State, input: Input): Step {
  switch (state.at) {
    case 'idle':
      return whenIdle(state, input)
    case 'joining':
      return whenJoining(state, input)
    case 'waiting':
      return whenWaiting(state, input)
    case 'leading':
      return whenLeading(state, input)
    case 'leaving':
      return whenLeaving(state, input)
  }
}

function whenIdle(state: State & { at: 'idle' }, input: Input): Step {
  switch (input.is) {
    case 'campaign':
      return [
        { at: 'joining', again: false },
        { do: 'join', patient: false },
      ]
    case 'seen':
      // A join that was given up arrived after all. Nobody would use its key, which would block the
      // election.
      return input.view.own === undefined ? [state] : leave(input.view.own)
    default:
      return [state]
  }
}

function whenJoining(state: State & { at: 'joining' }, input: Input): Step {
  switch (input.is) {
    case 'joined':
      return [{ at: 'waiting', candidacy: input.candidacy }]
    case 'joinFailed': {
      const failed: Effect = { do: 'campaignFailed', error: input.error }
      return input.mayHaveJoined ? leave(undefined, failed) : [initial, failed]
    }
    case 'blinded':
      return leave(undefined, { do: 'stopJoining' }, { do: 'campaignFailed', error: input.error })
    case 'leaseLost':
      // The join in progress notices by itself, unless the session was closed for good.
      return input.loss === 'closed'
        ? [initial, { do: 'stopJoining' }, { do: 'campaignClosed' }]
        : [state]
    case 'withdraw':
      return leave(undefined, { do: 'stopJoining' })
    default:
      return [state]
  }
}

function whenWaiting(state: State & { at: 'waiting' }, input: Input): Step {
  const { candidacy } = state
  switch (input.is) {
    case 'seen': {
      const { own, first, leaseValid, delayed } = input.view
      if (own?.fencingToken !== candidacy.fencingToken) return rejoin()
      // All older keys are gone, this candidate's key is there, and its lease cannot have ended
      // yet.
      return first === candidacy.fencingToken && leaseValid && !delayed
        ? [
            { at: 'leading', candidacy },
            { do: 'elected', candidacy },
          ]
        : [state]
    }
    case 'leaseLost':
      return input.loss === 'closed' ? [initial, { do: 'campaignClosed' }] : rejoin()
    case 'blinded':
      return leave(candidacy, { do: 'campaignFailed', error: input.error })
    case 'withdraw':
      return leave(candidacy)
    default:
      return [state]
  }
}

function whenLeading(state: State & { at: 'leading' }, input: Input): Step {
  const { candidacy } = state
  switch (input.is) {
    case 'seen':
      return input.view.own?.fencingToken === candidacy.fencingToken
        ? [state]
        : [initial, { do: 'ended', end: 'deleted' }]
    case 'leaseLost':
      return [initial, { do: 'ended', end: input.loss }]
    case 'blinded':
      return leave(candidacy, { do: 'ended', end: 'refused' })
    case 'withdraw':
      return leave(candidacy, { do: 'ended', end: input.end })
    default:
      return [state]
  }
}

function whenLeaving(state: State & { at: 'leaving' }, input: Input): Step {
  switch (input.is) {
    case 'left':
      return state.then === 'joining'
        ? [
            { at: 'joining', again: false },
            { do: 'join', patient: false },
          ]
        : [initial]
    case 'leaseLost':
      // The key goes with its lease.
      return input.loss === 'closed' && state.then === 'joining'
        ? [initial, { do: 'campaignClosed' }]
        : whenLeaving(state, { is: 'left' })
    case 'leaveFailed':
      // A campaign that begins by removing an old key ends like any other that cannot reach etcd.
      return state.then === 'joining'
        ? [
            { ...state, then: 'idle' },
            { do: 'campaignFailed', error: input.error },
          ]
        : [state]
    case 'campaign':
      return [{ ...state, then: 'joining' }]
    case 'withdraw':
      return [{ ...state, then: 'idle' }]
    default:
      return [state]
  }
}

function leave(candidacy: Candidacy | undefined, ...before: Effect[]): Step {
  return [{ at: 'leaving', candidacy, then: 'idle' }, ...before, { do: 'leave', candidacy }]
}

/** Joins at the back of the queue: the old place went with the old key. */
function rejoin(): Step {
  return [
    { at: 'joining', again: true },
    { do: 'join', patient: true },
  ]
}
