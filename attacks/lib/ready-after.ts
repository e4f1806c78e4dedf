import type { SourceContext } from '../../packages/millrace/src/connect.ts'

/** What a source of an attack gives for `ready`: it is asked again after so long, or at once when its job ends. */
export function readyAfter({ env, signal }: Pick<SourceContext<never>, 'env' | 'signal'>, ms: number): () => Promise<void> {
  return () =>
    new Promise((resolve) => {
      const cancel = env.timers.after(ms, resolve)
      signal.addEventListener('abort', () => {
        cancel()
        resolve()
      })
    })
}
