import { messageOf } from '../../packages/millrace/src/core/errors.ts'

const MOST_CAUSES = 10

/** Its message and those of its causes: somewhere it has to say what really happened. */
export function textOf(error: unknown): string {
  const texts: string[] = []
  for (let cause = error; cause !== undefined && texts.length < MOST_CAUSES; cause = (cause as { cause?: unknown } | null)?.cause)
    texts.push(messageOf(cause))
  return texts.join(' < ')
}
