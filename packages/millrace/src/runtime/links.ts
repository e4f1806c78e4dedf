/**
 * What parts of a job on one thread tell each other: elements from task to task, credits back, and what tasks report to the coordinator.
 * On a thread of its own it arrives at once. A host in between, or the simulator, lets it travel.
 *
 * LK1  What is sent on one link arrives once, in the order in which it was sent; between links there is no order.
 * LK2  What arrives after its attempt has ended is of no consequence (D9).
 */
export interface Links {
  /** Calls `arrive` at some later moment. `isStale` says then whether its attempt has ended meanwhile. */
  carry(link: string, arrive: () => void, isStale: () => boolean): void
}

/** The links of a thread on which everything arrives at once. */
export const directLinks: Links = { carry: (_link, arrive) => arrive() }
