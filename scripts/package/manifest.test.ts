import assert from 'node:assert/strict'
import { test } from 'node:test'
import { doorSources, packedManifest } from './manifest.ts'

const source = {
  name: 'x',
  version: '1.0.0',
  private: true,
  exports: { '.': './src/index.ts', './files': './src/files.ts', './package.json': './package.json' },
  devDependencies: { y: '1' },
  engines: { node: '>=22.18' },
}

test('doors lead to compiled files, types first, and what is only for the repository is left out', () => {
  const packed = packedManifest(source)
  assert.deepEqual(packed as unknown, {
    name: 'x',
    version: '1.0.0',
    exports: {
      '.': { types: './dist/index.d.ts', default: './dist/index.js' },
      './files': { types: './dist/files.d.ts', default: './dist/files.js' },
      './package.json': './package.json',
    },
    engines: { node: '>=22.18' },
  })
  assert.match(JSON.stringify(packed), /"\.":\{"types":/, 'the first condition that fits wins')
})

test('what is compiled begins at the doors', () => {
  assert.deepEqual(doorSources(source), ['./src/index.ts', './src/files.ts'])
})
