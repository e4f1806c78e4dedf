/**
 * Runs the examples of README.md, CONTRIBUTING.md, docs/ (the reference repeats those of docstrings) and docstrings, and those of `millrace --help`, so that none of them lies.
 *
 * Each page gets a folder under .data/doc-tests/ for the time of the run, inside the repository, where `millrace` resolves to this checkout.
 * What the blocks are: see doc-blocks.ts. All TypeScript is type-checked in one go, then pages run two at a time.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { blocksOf, docstringBlocks, type Block } from './doc-blocks.ts'
import { runChild, twoAtATime, type Outcome } from './lib/child.ts'
import { readText, repositoryFiles, root } from './lib/files.ts'
import { isTest } from './walls.ts'

/** One folder a run: two may go on at once in one checkout. */
const FOLDER = `.data/doc-tests/${process.pid}`
const BLOCK_TIMEOUT_MS = 60_000
const CLI_ENTRY = 'packages/millrace/src/cli/main.ts'
/** Pages whose named files stand beside the examples of `--help`. */
const CLI_PAGES = ['README.md', 'docs/cli.md']

interface Page {
  readonly path: string
  readonly folder: string
  readonly blocks: readonly Block[]
}

interface Result {
  readonly name: string
  /** Nothing when it passed. */
  readonly problem: string | undefined
}

function readPages(): { readonly pages: readonly Page[]; readonly problems: readonly Result[] } {
  const paths = repositoryFiles()
  const problems: Result[] = []
  const markdown = paths.filter(
    (path) => path === 'README.md' || path === 'CONTRIBUTING.md' || /^docs\/(?!(design|reference)\/).*\.md$/.test(path),
  )
  const sources = paths.filter((path) => /^packages\/[^/]+\/src\/.*\.ts$/.test(path) && !isTest(path))
  const pages = [
    ...markdown.map((path) => {
      const found = blocksOf(readText(path))
      problems.push(...found.problems.map((problem) => ({ name: path, problem: `${path}:${problem}` })))
      return { path, folder: folderOf(path), blocks: found.blocks }
    }),
    ...sources.map((path) => ({ path, folder: folderOf(path), blocks: docstringBlocks(path, readText(path), folderOf(path)) })),
  ]
  return {
    pages: pages.filter(({ blocks }) => blocks.some(({ language, file }) => language === 'ts' || language === 'sh' || file !== undefined)),
    problems,
  }
}

function folderOf(path: string): string {
  return `${FOLDER}/${path.replaceAll('/', '-').replace(/\.\w+$/, '')}`
}

/** `block-12.ts`: named after its line, so that a compiler's message leads back to the page. */
function fileOf(block: Block): string {
  return block.file ?? `block-${block.line}.${block.language}`
}

function writePage(page: Page): void {
  for (const block of page.blocks) {
    if (block.language !== 'ts' && block.language !== 'sh' && block.file === undefined) continue
    const path = join(root, page.folder, fileOf(block))
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, block.code)
  }
}

async function checkTypes(pages: readonly Page[]): Promise<Result> {
  const name = 'types of all examples'
  if (!pages.some(({ blocks }) => blocks.some(({ language }) => language === 'ts'))) return { name, problem: undefined }
  writeFileSync(join(root, FOLDER, 'tsconfig.json'), JSON.stringify({ extends: '../../../tsconfig.json', include: ['.'], exclude: [] }))
  const { code, output } = await runChild('tsc', ['-p', FOLDER], { timeoutMs: BLOCK_TIMEOUT_MS })
  return { name, problem: code === 0 ? undefined : withPagePlaces(output, pages) }
}

/** `.data/doc-tests/7/README/block-12.ts(3,1)` → `README.md:14`. */
function withPagePlaces(output: string, pages: readonly Page[]): string {
  return output.replace(
    /\.data\/doc-tests\/\d+\/([^/\s]+)\/([^(\s]+)\((\d+),\d+\)/g,
    (place, folder: string, file: string, line: string) => {
      const page = pages.find((candidate) => candidate.folder === `${FOLDER}/${folder}`)
      const block = page?.blocks.find((candidate) => fileOf(candidate) === file)
      return page === undefined || block === undefined ? place : `${page.path}:${block.line + Number(line) - 1}`
    },
  )
}

async function runPage(page: Page): Promise<Result[]> {
  const results: Result[] = []
  for (const block of page.blocks) {
    const result = await runBlock(page, block)
    if (result !== undefined) results.push(result)
  }
  return results
}

async function runBlock(page: Page, block: Block): Promise<Result | undefined> {
  const name = `${page.path}:${block.line}`
  if (block.language === 'sh') {
    const missing = missingScripts(block.code)
    if (missing.length > 0) return { name, problem: `package.json has no script ${missing.join(', ')}` }
  }
  if (!block.isRun || (block.language !== 'ts' && block.language !== 'sh')) return undefined
  const [command, args] = block.language === 'sh' ? ['sh', ['-e', fileOf(block)]] : [process.execPath, [fileOf(block)]]
  return {
    name,
    problem: problemOf(
      await runChild(command, args as string[], { cwd: join(root, page.folder), timeoutMs: BLOCK_TIMEOUT_MS, env: { NO_COLOR: '1' } }),
    ),
  }
}

/** `npm run x` in a block, run or not, where there is no x. */
function missingScripts(code: string): string[] {
  const { scripts } = JSON.parse(readText('package.json')) as { scripts: Record<string, string> }
  return [...code.matchAll(/\bnpm (?:run )?(?:-s )?([\w:-]+)/g)]
    .filter(([whole, name]) => (whole.includes(' run ') || name === 'test') && !Object.hasOwn(scripts, name!))
    .map(([, name]) => name!)
}

function problemOf({ code, output }: Outcome): string | undefined {
  return code === 0 ? undefined : `exit code ${code}\n${output.trimEnd()}`
}

/** Lines of `millrace --help` that read `  $ millrace …`, run in order in one folder with the named files of the CLI's pages. */
async function runHelpExamples(pages: readonly Page[]): Promise<Result[]> {
  if (!existsSync(join(root, CLI_ENTRY))) return []
  const cwd = join(root, FOLDER, 'help')
  mkdirSync(cwd, { recursive: true })
  for (const page of pages.filter(({ path }) => CLI_PAGES.includes(path))) {
    writePage({ ...page, folder: `${FOLDER}/help`, blocks: page.blocks.filter(({ file }) => file !== undefined) })
  }
  const options = { cwd, timeoutMs: BLOCK_TIMEOUT_MS, env: { NO_COLOR: '1' } }
  const help = await runChild('millrace', ['--help'], options)
  const examples = [...help.output.matchAll(/^ +\$ (millrace .*)$/gm)].map((match) => match[1]!)
  if (help.code !== 0 || examples.length === 0) {
    return [
      {
        name: 'millrace --help',
        problem: `not present: exit code ${help.code} and ${examples.length} lines of the form '  $ millrace …'\n${help.output.trimEnd()}`,
      },
    ]
  }
  const results: Result[] = []
  for (const example of examples)
    results.push({ name: `--help: ${example}`, problem: problemOf(await runChild('sh', ['-ec', example], options)) })
  return results
}

export async function runDocTests(): Promise<Result[]> {
  mkdirSync(join(root, FOLDER), { recursive: true })
  process.on('exit', () => rmSync(join(root, FOLDER), { recursive: true, force: true }))
  const { pages, problems } = readPages()
  for (const page of pages) writePage(page)
  const types = await checkTypes(pages)
  const ran = await twoAtATime(pages, runPage)
  return [...problems, types, ...ran.flat(), ...(await runHelpExamples(pages))]
}

if (import.meta.main) {
  const results = await runDocTests()
  const failed = results.filter(({ problem }) => problem !== undefined)
  for (const { name, problem } of failed) process.stdout.write(`${name}: ${problem}\n`)
  process.stdout.write(`${results.length - failed.length} passed, ${failed.length} failed\n`)
  process.exitCode = failed.length === 0 ? 0 : 1
}
