// Campaigning as `lead()` does, for tests whose clients have little patience. It must not know what is tested.

import type { Candidate, Leadership } from '../../src/index.js'

/** An etcd that is away, or slower than the client waits for, is waited for. */
export async function campaignPatiently(candidate: Candidate): Promise<Leadership> {
  for (;;) {
    try {
      return await candidate.campaign()
    } catch (error) {
      if ((error as { retryable?: boolean }).retryable !== true) throw error
    }
  }
}
