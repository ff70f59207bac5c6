// Campaigns again and again as `lead()` does, for tests whose clients have short timeouts.

import type { Candidate, Leadership } from '../../src/index.js'

/** Campaigns until it is elected, or fails with an error that is not retryable. */
export async function campaignPatiently(candidate: Candidate): Promise<Leadership> {
  for (;;) {
    try {
      return await candidate.campaign()
    } catch (error) {
      if ((error as { retryable?: boolean }).retryable !== true) throw error
    }
  }
}
