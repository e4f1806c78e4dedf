/** The package.json of a package as it is published, from the one of the sources. npm does not rewrite `exports`, so we do. */

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly exports: Readonly<Record<string, string>>
  readonly [field: string]: unknown
}

/** One door as published. Types first: the first condition that fits wins. */
export interface PackedDoor {
  readonly types: string
  readonly default: string
}

/** Fields that mean something only here. */
const SOURCE_FIELDS = ['private', 'scripts', 'devDependencies', 'workspaces']

/** `./src/index.ts` → where its compiled form and its types are. Anything else (`./package.json`) stays. */
export function packedManifest(source: Manifest): Record<string, unknown> {
  const kept = Object.entries(source).filter(([field]) => !SOURCE_FIELDS.includes(field))
  const doors = Object.entries(source.exports).map(([door, path]) => [door, isSource(path) ? compiled(path) : path])
  return { ...Object.fromEntries(kept), exports: Object.fromEntries(doors) }
}

/** The sources behind the doors, relative to the package: what they reach is what is published. */
export function doorSources(source: Manifest): string[] {
  return Object.values(source.exports).filter(isSource)
}

function isSource(path: string): boolean {
  return /^\.\/src\/.*\.ts$/.test(path)
}

function compiled(path: string): PackedDoor {
  const stem = path.replace('./src/', './dist/').replace(/\.ts$/, '')
  return { types: `${stem}.d.ts`, default: `${stem}.js` }
}
