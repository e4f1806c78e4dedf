import type { Loop } from './loops.ts'
import type { RecordBatch } from './messages.ts'

/** What has begun and is finished before anything else. */
export type Work =
  | { readonly kind: 'batch'; readonly batch: RecordBatch; readonly entry: Loop; readonly channel: number; index: number }
  | { readonly kind: 'source' }
  | {
      readonly kind: 'watermark'
      readonly at: number
      operator: number
      /** This operator has begun to fire for it. */ begun: boolean
      /** All input has ended: what is pending fires even where the watermark was there before (WM-11). */ readonly isEnd: boolean
    }
  | { readonly kind: 'processing'; operator: number }

export function watermarkWork(at: number): Extract<Work, { kind: 'watermark' }> {
  return { kind: 'watermark', at, operator: 0, begun: false, isEnd: false }
}
