import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Disk } from '../../packages/millrace/src/simulate/disk.ts'
import { SECTOR_BYTES } from '../../packages/millrace/src/simulate/inode.ts'
import { allLeft, isSmall } from './survivals.ts'

/** Of a file with a durable name and nothing else: which sectors are there, `1`, or zeros, `0`. */
function shapesOf(sectors: number, most: number): readonly string[] {
  const disk = new Disk()
  disk.create('/file')
  disk.syncDirectory('/')
  disk.open('/file').append(new Uint8Array(sectors * SECTOR_BYTES).fill(1))
  return [...allLeft(disk, { sectors: most, subsets: 0 })].map((left) => {
    const inode = left.disk.open('/file')
    return Array.from({ length: inode.size / SECTOR_BYTES }, (_, at) => inode.read(at * SECTOR_BYTES, 1)[0]).join('')
  })
}

test('of a short file every subset of its sectors may be left, and the size or not', () => {
  const shapes = shapesOf(2, 2)
  assert.deepEqual(shapes.toSorted(), ['', '00', '01', '1', '10', '11'])
})

test('a long file is cut at each sector, and lacks each one', () => {
  const shapes = shapesOf(5, 4)
  const cut = ['', '1', '11', '111', '1111', '11111']
  const padded = ['00000', '10000', '11000', '11100', '11110']
  const hole = ['01111', '10111', '11011', '11101']
  assert.deepEqual(shapes.toSorted(), [...cut, ...padded, ...hole].toSorted())
})

test('each is tried once', () => {
  for (const sectors of [1, 3, 6, 7, 20]) {
    const shapes = shapesOf(sectors, 6)
    assert.equal(new Set(shapes).size, shapes.length)
  }
})

test('what can leave more than is allowed is not small', () => {
  const disk = new Disk()
  for (let file = 0; file < 5; file++) disk.create(`/file-${file}`)
  assert.equal(isSmall(disk, { sectors: 6, subsets: 32 }), true)
  assert.equal(isSmall(disk, { sectors: 6, subsets: 31 }), false)
})
