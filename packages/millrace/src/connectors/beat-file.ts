import type { Beat } from '../connect/contract.ts'
import type { Env } from '../core/env.ts'

/**
 * STATE FORMAT: one line `<crc32 of the JSON, 8 hex digits> <JSON>`. The checksum is what tells a torn heartbeat from one
 * that says something: it is written without fsync.
 */
export function encodeBeat(beat: Beat, env: Env): Uint8Array {
  const json = JSON.stringify({ epoch: beat.epoch, count: beat.count, newestEntry: beat.newestEntry })
  return new TextEncoder().encode(`${checksum(json, env)} ${json}\n`)
}

/** Undefined for whatever `encodeBeat` has not made. */
export function decodeBeat(bytes: Uint8Array, env: Env): Beat | undefined {
  const text = new TextDecoder().decode(bytes)
  const json = text.slice(9, -1)
  if (text[8] !== ' ' || text.at(-1) !== '\n' || text.slice(0, 8) !== checksum(json, env)) return undefined
  const beat = parsed(json)
  const { epoch, count, newestEntry } = (typeof beat === 'object' && beat !== null ? beat : {}) as Partial<Beat>
  if (epoch === undefined || count === undefined || newestEntry === undefined) return undefined
  return [epoch, count, newestEntry].every((number) => Number.isSafeInteger(number)) ? { epoch, count, newestEntry } : undefined
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown
  } catch {
    return undefined
  }
}

function checksum(json: string, env: Env): string {
  return env.digest.crc32(new TextEncoder().encode(json)).toString(16).padStart(8, '0')
}
