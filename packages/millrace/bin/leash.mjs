/**
 * Preloaded into a child that `runUnder` started: ends the child's whole process group when its launcher is gone, even
 * if the launcher was killed with SIGKILL and could say nothing.
 *
 * The launcher holds the other end of file descriptor 3 and never writes to it; the kernel closes it with the launcher.
 */
import { Socket } from 'node:net'
import { isMainThread } from 'node:worker_threads'

// Programs that the child starts inherit its environment (and --import through NODE_OPTIONS), but not this descriptor.
if (isMainThread && process.env.MILLRACE_LEASH === '3') {
  delete process.env.MILLRACE_LEASH
  const launcher = new Socket({ fd: 3, readable: true, writable: false })
  launcher.on('close', () => process.kill(-process.pid, 'SIGKILL'))
  launcher.on('error', () => {})
  launcher.resume()
  launcher.unref()
}
