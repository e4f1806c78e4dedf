import type { FileHandle, Files } from '../core/env.ts'
import { bytesOf, check, checkRejects, checkSame, type ContractCase } from './contract-case.ts'

/** What every implementation of `Files` does; `makePlace` gives an empty directory for one case. */
export function filesSuite(files: Files, makePlace: () => Promise<string>): readonly ContractCase[] {
  return Object.entries(cases).map(([name, run]) => ({ name, run: async () => run(files, await makePlace()) }))
}

type FilesCase = (files: Files, place: string) => Promise<void>

const cases: Readonly<Record<string, FilesCase>> = {
  async 'a new file is made once and where its folder is'(files, place) {
    await write(files, `${place}/a`, 'one')
    await checkRejects(files.open(`${place}/a`, 'create-new'), ['EEXIST'], 'a file that exists is not made')
    await checkRejects(files.open(`${place}/none/a`, 'create-new'), ['ENOENT'], 'a folder is not made along the way')
    await checkRejects(files.open(`${place}/a/b`, 'create-new'), ['ENOTDIR'], 'a file is no folder')
    await checkRejects(files.open(`${place}/none`, 'read'), ['ENOENT'], 'nothing to read')
    checkSame(await read(files, `${place}/a`), 'one', 'the file is as it was')
  },

  async 'read gives fewer bytes only at the end'(files, place) {
    await write(files, `${place}/a`, '0123456789')
    const handle = await files.open(`${place}/a`, 'read')
    checkSame(textOf(await handle.read(0, 10)), '0123456789', 'all')
    checkSame(textOf(await handle.read(3, 4)), '3456', 'a part')
    checkSame(textOf(await handle.read(8, 100)), '89', 'the end')
    checkSame(textOf(await handle.read(10, 5)), '', 'after the end')
    checkSame(textOf(await handle.read(500, 5)), '', 'far after the end')
    checkSame(textOf(await handle.read(2, 0)), '', 'nothing')
    const first = await handle.read(0, 5)
    first.fill(0)
    checkSame(textOf(await handle.read(0, 5)), '01234', 'what was read belongs to the reader')
    await handle.close()
  },

  async 'append takes all parts, however many and large'(files, place) {
    const handle = await files.open(`${place}/a`, 'create-new')
    const parts = Array.from({ length: 1_500 }, (_zero, index) => bytesOf(index % 7 === 0 ? '' : `${index},`))
    await handle.append(parts)
    await handle.append([])
    const large = new Uint8Array(3_000_001).fill(120)
    await handle.append([large, bytesOf('end')])
    await handle.sync()
    const expected = parts.map(textOf).join('') + 'x'.repeat(3_000_001) + 'end'
    checkSame((await handle.info()).sizeBytes, expected.length, 'the size')
    await handle.close()
    check((await read(files, `${place}/a`)) === expected, 'every byte is where it belongs')
  },

  async 'appends that overlap land in the order of their calls'(files, place) {
    const handle = await files.open(`${place}/a`, 'create-new')
    const writes = Array.from({ length: 50 }, (_zero, index) =>
      handle.append([bytesOf(`${index}:`), bytesOf('y'.repeat(index * 100)), bytesOf(';')]),
    )
    await Promise.all(writes)
    await handle.close()
    const expected = Array.from({ length: 50 }, (_zero, index) => `${index}:${'y'.repeat(index * 100)};`).join('')
    check((await read(files, `${place}/a`)) === expected, 'in order')
  },

  async 'a handle is for one thing, and for nothing once closed'(files, place) {
    const writer = await files.open(`${place}/a`, 'create-new')
    await checkRejects(writer.read(0, 1), ['EBADF'], 'reading what is open for writing')
    await writer.append([bytesOf('x')])
    await writer.close()
    const reader = await files.open(`${place}/a`, 'read')
    await checkRejects(reader.append([bytesOf('y')]), ['EBADF'], 'writing what is open for reading')
    await reader.close()
    for (const handle of [writer, reader]) {
      await checkRejects(handle.close(), ['EBADF'], 'closing twice')
      await checkRejects(handle.append([bytesOf('y')]), ['EBADF'], 'writing after close')
      await checkRejects(handle.read(0, 1), ['EBADF'], 'reading after close')
      await checkRejects(handle.sync(), ['EBADF'], 'syncing after close')
      await checkRejects(handle.info(), ['EBADF'], 'asking after close')
    }
    checkSame(await read(files, `${place}/a`), 'x', 'the file')
  },

  async 'link gives a second name and never overwrites'(files, place) {
    await write(files, `${place}/a`, 'one')
    await write(files, `${place}/b`, 'two')
    checkSame(await files.link(`${place}/a`, `${place}/c`), true, 'a new name')
    checkSame(await files.link(`${place}/b`, `${place}/c`), false, 'a name that exists')
    checkSame(await files.link(`${place}/a`, `${place}/c`), false, 'also for the same file')
    checkSame(await read(files, `${place}/c`), 'one', 'the first stays')
    checkSame((await files.info(`${place}/c`))?.identity, (await files.info(`${place}/a`))?.identity, 'one file')
    check((await files.info(`${place}/b`))?.identity !== (await files.info(`${place}/a`))?.identity, 'another file')
    await files.unlink(`${place}/a`)
    checkSame(await read(files, `${place}/c`), 'one', 'the second name is enough')
    await checkRejects(files.link(`${place}/a`, `${place}/d`), ['ENOENT'], 'nothing to link')
    await checkRejects(files.link(`${place}/c`, `${place}/none/d`), ['ENOENT'], 'no folder')
    await checkRejects(files.link(place, `${place}/d`), ['EPERM'], 'a directory has one name')
  },

  async 'of many links to one name exactly one succeeds'(files, place) {
    const names = Array.from({ length: 8 }, (_zero, index) => `${place}/from-${index}`)
    for (const name of names) await write(files, name, name)
    const results = await Promise.all(names.map((name) => files.link(name, `${place}/to`)))
    checkSame(results.filter((isNew) => isNew).length, 1, 'one')
    checkSame(await read(files, `${place}/to`), names[results.indexOf(true)], 'the one that was told so')
  },

  async 'rename replaces'(files, place) {
    await write(files, `${place}/a`, 'one')
    await write(files, `${place}/b`, 'two')
    await files.rename(`${place}/a`, `${place}/b`)
    checkSame(await read(files, `${place}/b`), 'one', 'replaced')
    checkSame(await files.info(`${place}/a`), undefined, 'the old name is gone')
    await checkRejects(files.rename(`${place}/a`, `${place}/b`), ['ENOENT'], 'nothing to rename')
    await files.link(`${place}/b`, `${place}/c`)
    await files.rename(`${place}/b`, `${place}/c`)
    checkSame((await files.list(place)).length, 2, 'two names of one file are left as they are')
    await files.makeDirectory(`${place}/d/e`)
    await checkRejects(files.rename(`${place}/b`, `${place}/d`), ['EISDIR', 'EEXIST', 'EPERM'], 'a file does not replace a folder')
    await files.rename(`${place}/b`, `${place}/d/b`)
    checkSame(await read(files, `${place}/d/b`), 'one', 'into another folder')
  },

  async 'unlink removes a name, not what is open'(files, place) {
    await write(files, `${place}/a`, 'one')
    const handle = await files.open(`${place}/a`, 'read')
    await files.unlink(`${place}/a`)
    checkSame(await files.info(`${place}/a`), undefined, 'gone')
    await checkRejects(files.open(`${place}/a`, 'read'), ['ENOENT'], 'gone for all who come later')
    checkSame(textOf(await handle.read(0, 3)), 'one', 'still there for who had it open')
    await handle.close()
    await checkRejects(files.unlink(`${place}/a`), ['ENOENT'], 'gone already')
    await files.makeDirectory(`${place}/d`)
    await checkRejects(files.unlink(`${place}/d`), ['EISDIR', 'EPERM'], 'a directory is not unlinked')
  },

  async 'list sorts names by code unit'(files, place) {
    for (const name of ['b', 'a', 'B', 'ä', '10', '9', '.hidden', 'z']) await write(files, `${place}/${name}`, '')
    await files.makeDirectory(`${place}/d`)
    const listed = await files.list(place)
    checkSame(
      listed.map((entry) => entry.name),
      ['.hidden', '10', '9', 'B', 'a', 'b', 'd', 'z', 'ä'],
      'the order',
    )
    checkSame(listed.find((entry) => entry.name === 'd')?.kind, 'directory', 'a directory')
    checkSame(listed.find((entry) => entry.name === 'a')?.kind, 'file', 'a file')
    await checkRejects(files.list(`${place}/none`), ['ENOENT'], 'nothing to list')
    await checkRejects(files.list(`${place}/a`), ['ENOTDIR'], 'a file is not listed')
  },

  async 'info says what there is'(files, place) {
    await write(files, `${place}/a`, 'four')
    const before = await files.info(`${place}/a`)
    checkSame([before?.kind, before?.sizeBytes], ['file', 4], 'a file')
    checkSame((await files.info(place))?.kind, 'directory', 'a directory')
    checkSame(await files.info(`${place}/none`), undefined, 'nothing')
    checkSame(await files.info(`${place}/a/b`), undefined, 'nothing below a file')
    const handle = await files.open(`${place}/a`, 'read')
    checkSame((await handle.info()).identity, before?.identity, 'the handle is of the same file')
    await write(files, `${place}/b`, 'other')
    await files.rename(`${place}/b`, `${place}/a`)
    check((await files.info(`${place}/a`))?.identity !== before?.identity, 'another file has the name')
    checkSame((await handle.info()).identity, before?.identity, 'the handle stays with its file')
    await handle.close()
  },

  async 'directories are made with their parents'(files, place) {
    await files.makeDirectory(`${place}/a/b/c`)
    await files.makeDirectory(`${place}/a/b/c`)
    checkSame((await files.info(`${place}/a/b/c`))?.kind, 'directory', 'made')
    await write(files, `${place}/a/file`, '')
    await checkRejects(files.makeDirectory(`${place}/a/file`), ['EEXIST'], 'a file is in the way')
    await checkRejects(files.removeDirectory(`${place}/a`), ['ENOTEMPTY', 'EEXIST'], 'not empty')
    await files.removeDirectory(`${place}/a/b/c`)
    await checkRejects(files.removeDirectory(`${place}/a/b/c`), ['ENOENT'], 'gone already')
    await files.syncDirectory(`${place}/a`)
    await checkRejects(files.syncDirectory(`${place}/none`), ['ENOENT'], 'nothing to sync')
    await checkRejects(files.syncDirectory(`${place}/a/file`), ['ENOTDIR'], 'a file is no directory')
  },
}

async function write(files: Files, path: string, text: string): Promise<void> {
  const handle = await files.open(path, 'create-new')
  await handle.append([bytesOf(text)])
  await handle.close()
}

async function read(files: Files, path: string): Promise<string> {
  const handle: FileHandle = await files.open(path, 'read')
  const { sizeBytes } = await handle.info()
  const bytes = await handle.read(0, sizeBytes + 1)
  await handle.close()
  return textOf(bytes)
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
