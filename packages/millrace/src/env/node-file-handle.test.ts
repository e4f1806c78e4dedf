import assert from 'node:assert/strict'
import type { FileHandle as NodeHandle } from 'node:fs/promises'
import { test } from 'node:test'
import { NodeFileHandle } from './node-file-handle.ts'

/** A disk that takes and gives only a few bytes at a time. */
function shortHandle(atMost: number): { handle: NodeHandle; content: () => string; fail: (code: string) => void; calls: string[] } {
  let content = new Uint8Array(0)
  let failure: Error | undefined
  const calls: string[] = []
  const call = (name: string): void => {
    calls.push(name)
    if (failure !== undefined) throw failure
  }
  const handle = {
    writev(parts: readonly Uint8Array[], at: number): Promise<{ bytesWritten: number }> {
      call('writev')
      const bytes = Buffer.concat(parts).subarray(0, atMost)
      const larger = new Uint8Array(Math.max(content.length, at + bytes.length))
      larger.set(content)
      larger.set(bytes, at)
      content = larger
      return Promise.resolve({ bytesWritten: bytes.length })
    },
    read(into: Uint8Array, at: number, length: number, offset: number): Promise<{ bytesRead: number }> {
      const bytes = content.subarray(offset, offset + Math.min(length, atMost))
      into.set(bytes, at)
      return Promise.resolve({ bytesRead: bytes.length })
    },
    sync(): Promise<void> {
      call('sync')
      return Promise.resolve()
    },
    close: () => Promise.resolve(),
  }
  const fail = (code: string): void => {
    failure = Object.assign(new Error(code), { code })
  }
  return { handle: handle as unknown as NodeHandle, content: () => new TextDecoder().decode(content), fail, calls }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

test('short writes are continued until all is written, short reads until the end', async () => {
  for (let atMost = 1; atMost < 12; atMost++) {
    const { handle, content } = shortHandle(atMost)
    const file = new NodeFileHandle(handle, 'a')
    await file.append(['one', '', 'two', 'three'].map(bytes))
    await file.append([bytes('four')])
    assert.equal(content(), 'onetwothreefour')
    assert.equal(new TextDecoder().decode(await file.read(1, 9)), 'netwothre')
    assert.equal(new TextDecoder().decode(await file.read(11, 100)), 'four')
  }
})

test('a write that takes nothing is an error, not an endless loop', async () => {
  const { handle } = shortHandle(0)
  await assert.rejects(new NodeFileHandle(handle, 'a').append([bytes('x')]), { code: 'EIO' })
})

test('F2: after an error nothing is written or synced any more (D14)', async () => {
  for (const kind of ['append', 'sync'] as const) {
    const short = shortHandle(5)
    const file = new NodeFileHandle(short.handle, 'a')
    await file.append([bytes('x')])
    short.fail('EIO')
    await assert.rejects(file[kind]([bytes('y')]), { code: 'EIO' })
    const before = short.calls.length
    await assert.rejects(file.sync(), { code: 'EIO' })
    await assert.rejects(file.append([bytes('z')]), { code: 'EIO' })
    assert.equal(short.calls.length, before, 'the disk is not asked')
    await file.close()
  }
})
