import type { Output } from '../core/env.ts'

/** Standard output. A reader that has gone (EPIPE) is an error of `write`, not of the process. */
export const nodeOutput: Output = {
  write(text) {
    if (!isListening) {
      isListening = true
      // Without a listener Node ends the process; the same error also reaches the callback of the write.
      process.stdout.on('error', () => {})
    }
    return new Promise((resolve, reject) => {
      process.stdout.write(text, (error) => (error == null ? resolve() : reject(error)))
    })
  },
}

let isListening = false
